-- The newest cohorts of the funnel, all segments and grades together.
-- Grain: one row per week of first publication, the newest $most of them. Parameters: $most.
SELECT
    week,
    any_value(days_since_published) AS days,
    any_value(is_mature) AS is_mature,
    CAST(sum(published) AS BIGINT) AS published,
    CAST(sum(contacted) AS BIGINT) AS contacted,
    CAST(sum(applied) AS BIGINT) AS applied,
    CAST(sum(disbursed) AS BIGINT) AS disbursed,
    CAST(sum(lost) AS BIGINT) AS lost
FROM out.funnel
GROUP BY week
ORDER BY week DESC
LIMIT $most
