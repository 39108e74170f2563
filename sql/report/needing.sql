-- The cultivation register (S49): whose rule is unknown, by the feed that would settle it.
-- Grain: one row per feed; a rule that rests on two feeds counts under both. Parameters: $week, and $rules beside $feeds:
-- the feed that each rule rests on, in pairs.
WITH resting AS (
    SELECT unnest($rules) AS rule, unnest($feeds) AS feed
)
SELECT feed, list_sort(list_distinct(list(missing_rule))) AS rules, count(DISTINCT uscc) AS entities
FROM out.watchlist JOIN resting ON rule = missing_rule
WHERE week = $week AND outcome = 'needs_data'
GROUP BY feed
ORDER BY entities DESC, feed
