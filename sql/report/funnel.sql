-- What became of everyone ever listed, by segment, with the counts every rate needs (S13, S31).
-- Grain: one row per primary segment when first published, lane (held out or handed out) and maturity of the cohort.
-- Stages as in out.funnel, which says what is mature; a cohort of held-out entities alone has no row there: NULL.
WITH cohorts AS (
    SELECT week, bool_and(is_mature) AS is_mature
    FROM out.funnel
    GROUP BY week
)
SELECT
    segment,
    is_holdout,
    is_mature,
    count(*) AS published,
    count(contacted_on) AS contacted,
    count(applied_on) AS applied,
    count(approved_on) AS approved,
    count(*) FILTER (outcome = 'disbursed') AS disbursed,
    count(*) FILTER (outcome = 'lost') AS lost,
    count(*) FILTER (contacted_on IS NOT NULL AND applied_on IS NOT NULL) AS contacted_applied,
    count(*) FILTER (contacted_on IS NOT NULL AND outcome = 'disbursed') AS contacted_disbursed,
    count(*) FILTER (applied_on IS NOT NULL AND outcome = 'disbursed') AS applied_disbursed
FROM out.conversions
LEFT JOIN cohorts ON cohorts.week = first_published_week
GROUP BY segment, is_holdout, is_mature
ORDER BY segment, is_holdout, is_mature DESC
