-- The latest day on which a contact confirmed that the entity never borrowed (general readings: `confirmed`).
-- Grain: one row per uscc so confirmed. Parameters: $as_of.
-- Who was later heard to have a loan elsewhere is confirmed no more.
SELECT
    uscc,
    CAST(max(contacted_at) FILTER (result = '确认首贷') AS DATE) AS first_loan_confirmed_on
FROM feed.crm__contacts
WHERE result IN ('确认首贷', '他行已贷')
    AND contacted_at < $as_of + 1
GROUP BY uscc
HAVING arg_max(result, contacted_at) = '确认首贷'
