-- Cohorts by week of first publication: every count, every denominator, the rates of both (S13, S31): `out.funnel`.
-- Grain: one row per week of first publication, primary segment and grade. Parameters: $as_of, $maturity_days, $z (the
-- normal quantile of the interval).
--
-- Entities held back from marketing are no part of a cohort (out.conversions has them). Disbursed = our loan was the
-- first. A rate counts in its numerator only entities that are in its denominator, so it never exceeds 100 %; where
-- nobody is in the denominator it is NULL. The interval is Wilson's at 95 %, which holds for small and steep counts.
WITH stages AS (
    SELECT
        first_published_week AS week,
        first_published_on,
        segment,
        grade,
        contacted_on IS NOT NULL AS is_contacted,
        applied_on IS NOT NULL AS is_applied,
        approved_on IS NOT NULL AS is_approved,
        outcome = 'disbursed' AS is_disbursed,
        outcome = 'lost' AS is_lost
    FROM out.conversions
    WHERE NOT is_holdout
),
counts AS (
    SELECT
        week,
        segment,
        grade,
        min(first_published_on) AS first_published_on,
        count(*) AS published,
        count(*) FILTER (is_contacted) AS contacted,
        count(*) FILTER (is_applied) AS applied,
        count(*) FILTER (is_approved) AS approved,
        count(*) FILTER (is_disbursed) AS disbursed,
        count(*) FILTER (is_lost) AS lost,
        count(*) FILTER (is_contacted AND is_applied) AS contacted_applied,
        count(*) FILTER (is_contacted AND is_disbursed) AS contacted_disbursed,
        count(*) FILTER (is_applied AND is_disbursed) AS applied_disbursed
    FROM stages
    GROUP BY week, segment, grade
),
shares AS (
    SELECT
        *,
        CAST(disbursed AS DOUBLE) / published AS share,
        $z * $z / published AS z2_n,
        $z * sqrt(share * (1 - share) / published + z2_n / (4 * published)) AS spread
    FROM counts
)
SELECT
    week,
    segment,
    grade,
    published,
    contacted,
    applied,
    approved,
    disbursed,
    lost,
    round(100.0 * contacted / published, 2) AS contacted_per_published_pct,
    round(100.0 * contacted_applied / nullif(contacted, 0), 2) AS applied_per_contacted_pct,
    round(100.0 * applied_disbursed / nullif(applied, 0), 2) AS disbursed_per_applied_pct,
    round(100.0 * contacted_disbursed / nullif(contacted, 0), 2) AS disbursed_per_contacted_pct,
    round(100.0 * share, 2) AS disbursed_per_published_pct,
    round(100.0 * greatest(0, (share + z2_n / 2 - spread) / (1 + z2_n)), 2) AS disbursed_per_published_low_pct,
    round(100.0 * least(1, (share + z2_n / 2 + spread) / (1 + z2_n)), 2) AS disbursed_per_published_high_pct,
    CAST($as_of - first_published_on AS INTEGER) AS days_since_published,
    days_since_published >= $maturity_days AS is_mature
FROM shares
ORDER BY week, segment, grade
