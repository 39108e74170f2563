-- Who must not be approached at as-of: refused marketing, complained, on a blacklist, or already being dealt with.
-- Grain: uscc. Clause: S29, PIPL 24. Parameters: $as_of.
SELECT DISTINCT uscc
FROM feed.crm__suppressions
WHERE coalesce(from_on <= $as_of, TRUE)
    AND coalesce(until_on >= $as_of, TRUE)
ORDER BY uscc
