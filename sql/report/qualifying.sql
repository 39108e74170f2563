-- The cultivation register (S49): who will qualify by time alone, month by month.
-- Grain: one row per month and segment; month NULL = not computable, the entity has to do something. Parameters: $week.
SELECT CAST(date_trunc('month', closes_on) AS DATE) AS month, segment, count(*) AS entities
FROM out.watchlist
WHERE week = $week AND outcome = 'short'
GROUP BY month, segment
ORDER BY month, segment
