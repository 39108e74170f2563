-- Who may be one: the entities of the register under their names, and the accounts and farms without a code.
-- Grain: one row per party and name. Parameters: $as_of, $bill_window_months, $not_in_business_statuses.
-- Entities out of business are kept in view: an account of theirs must not fall to a namesake. Accounts whose holder is
-- masked (王**) name nobody.
WITH accounts AS (
    SELECT DISTINCT account_no, account_name, address
    FROM feed.utilities__bills
    WHERE uscc IS NULL AND account_name IS NOT NULL AND NOT contains(account_name, '*')
        AND month >= CAST(date_trunc('month', $as_of) - to_months($bill_window_months) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
)
SELECT 'entity' AS side, NULL AS source_feed, uscc AS id, name, address, NULL AS account_no, is_former,
    coalesce(status IN (SELECT unnest($not_in_business_statuses)), FALSE) AS is_closed
FROM register.names
WHERE NOT starts_with(uscc, 'legacy:')
UNION ALL
SELECT 'source', 'utilities__bills', account_id(account_no, account_name, address),
    account_name, address, account_no, FALSE, FALSE
FROM accounts
UNION ALL
SELECT 'source', 'agriculture__operators', operator_id, name, NULL, NULL, FALSE, FALSE
FROM feed.agriculture__operators
WHERE uscc IS NULL AND name IS NOT NULL
