-- Loans this bank paid out up to as-of (S09): one disproves a first loan.
-- Grain: one row per uscc with such a loan. Parameters: $as_of.
SELECT
    uscc,
    count(*) AS own_disbursements,
    min(disbursed_on) AS own_first_disbursed_on
FROM feed.crm__disbursements
WHERE disbursed_on <= $as_of
GROUP BY uscc
