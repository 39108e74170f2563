-- Who will qualify by time alone, month by month: the cultivation register (S49) by segment and missing rule.
-- Grain: one row per month, segment and missing rule; entities whose date cannot be computed are left out.
SELECT
    CAST(date_trunc('month', closes_on) AS DATE) AS qualifies_in,
    segment,
    missing_rule,
    count(DISTINCT uscc) AS entities
FROM out.watchlist
WHERE week = (SELECT max(latest.week) FROM out.watchlist AS latest)
    AND outcome = 'short'
    AND closes_on IS NOT NULL
GROUP BY date_trunc('month', closes_on), segment, missing_rule
ORDER BY qualifies_in, segment, missing_rule
