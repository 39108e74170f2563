-- The owner's authorisation and what the authorised query said (S34); without authorisation the result is not shown.
-- Grain: one row per uscc. Parameters: $as_of.
SELECT
    uscc,
    authorised_on AS owner_authorised_on,
    CASE WHEN authorised_on <= $as_of THEN severe_overdue END AS owner_severe_overdue
FROM feed.credit__owners
