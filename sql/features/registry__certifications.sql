-- Certifications in force at as-of, sorted (S06, S15); an empty list = certified once, nothing in force now.
-- Grain: one row per uscc. Parameters: $as_of.
-- Without a grant date it is in force since before the register began; without an expiry date it has no end.
SELECT
    uscc,
    coalesce(
        list_sort(list(DISTINCT certification) FILTER (
            coalesce(granted_on <= $as_of, TRUE) AND coalesce(expires_on >= $as_of, TRUE)
        )),
        []
    ) AS certifications
FROM feed.registry__certifications
GROUP BY uscc
