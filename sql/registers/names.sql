-- Every name an entity has borne by as-of: a code stays the same when its firm takes another name. Address and status are today's.
-- Grain: one row per uscc and name. Parameters: $as_of.
SELECT uscc, name, address, status, FALSE AS is_former
FROM feed.registry__entities
UNION ALL
SELECT DISTINCT earlier.uscc, earlier.name, today.address, today.status, TRUE
FROM lake.feed.registry__entities AS earlier JOIN feed.registry__entities AS today USING (uscc)
WHERE earlier.superseded_on <= $as_of AND earlier.name <> today.name
