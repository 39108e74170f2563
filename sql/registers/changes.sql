-- What became of entities' identities since the list before: merged, split, moved, renamed, converted.
-- Grain: one row per change. Parameters: $as_of, $week, $before_on.
-- An account that finds its owner for the first time is no change of an entity: `since_on` of the link tells it.
WITH links AS (
    SELECT source_feed, source_id, uscc, evidence,
        CASE WHEN starts_with(source_id, 'legacy:') OR starts_with(source_id, 'account:') THEN source_id
             ELSE 'farm:' || source_id END AS entity
    FROM register.links_now
),
before AS (
    SELECT source_feed, source_id, uscc, evidence,
        CASE WHEN starts_with(source_id, 'legacy:') OR starts_with(source_id, 'account:') THEN source_id
             ELSE 'farm:' || source_id END AS entity
    FROM register.before
),
relinked AS (
    SELECT coalesce(links.entity, before.entity) AS entity, before.uscc AS was, links.uscc AS now,
        coalesce(links.evidence, before.evidence) AS evidence,
        CASE WHEN links.uscc IS NULL THEN 'split' WHEN before.uscc IS NULL THEN 'merged' ELSE 'moved' END AS change
    FROM links FULL JOIN before USING (source_feed, source_id)
    WHERE links.uscc IS DISTINCT FROM before.uscc
        AND NOT (before.uscc IS NULL AND starts_with(links.entity, 'account:'))
),
renamed AS (
    SELECT earlier.uscc AS entity, earlier.name AS was, today.name AS now, '登记名称变更，代码不变' AS evidence, 'renamed' AS change
    FROM lake.feed.registry__entities AS earlier JOIN feed.registry__entities AS today USING (uscc)
    WHERE earlier.superseded_on <= $as_of AND earlier.superseded_on > $before_on AND earlier.name <> today.name
),
converted AS (
    SELECT uscc AS entity, predecessor_uscc AS was, uscc AS now, '登记所载前身（个转企）' AS evidence, 'converted' AS change
    FROM feed.registry__entities
    WHERE predecessor_uscc IS NOT NULL AND received_on > $before_on
)
SELECT DISTINCT $week AS week, change, entity, was, now, evidence
FROM (FROM relinked UNION ALL BY NAME FROM renamed UNION ALL BY NAME FROM converted)
ORDER BY ALL
