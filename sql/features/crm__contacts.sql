-- The latest day on which a contact confirmed that the entity never borrowed (general readings: `confirmed`).
-- Grain: one row per uscc so confirmed. Parameters: $as_of.
SELECT
    uscc,
    CAST(max(contacted_at) AS DATE) AS first_loan_confirmed_on
FROM feed.crm__contacts
WHERE result = '确认首贷'
    AND contacted_at < $as_of + 1
GROUP BY uscc
