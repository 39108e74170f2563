-- Certifications in force at as-of, sorted (S06, S15); an empty list = certified once, nothing in force now.
-- Grain: one row per uscc. Parameters: $as_of, $tech_certifications.
-- Without a grant date it is in force since before the register began; without an expiry date it has no end.
-- tech_certified_from: the first day after as-of on which a technology certification already granted comes into force.
SELECT
    uscc,
    coalesce(
        list_sort(list(DISTINCT certification) FILTER (
            coalesce(granted_on <= $as_of, TRUE) AND coalesce(expires_on >= $as_of, TRUE)
        )),
        []
    ) AS certifications,
    min(granted_on) FILTER (
        granted_on > $as_of AND coalesce(expires_on >= granted_on, TRUE)
        AND list_contains($tech_certifications, certification)
    ) AS tech_certified_from
FROM feed.registry__certifications
GROUP BY uscc
