-- Insured headcount of the latest closed months: lowest, highest, latest, steadiness (S10, S45), months still needed (S49).
-- Grain: one row per uscc with a month in the window.
-- Parameters: $as_of, $insured_window_months, $max_missing_insured_months, $min_insured_staff, $max_insured_staff.
-- Months absent stay absent: nothing is imputed. A month counts whether or not its contributions were paid.
-- A set of months is an INTEGER whose bit k-1 is the k-th closed month back from as-of.
-- insured_months_to_go: months that must still close for S10 to hold if the headcount stays as in the latest month; 0 = it
-- holds, NULL = the latest known month is out of bounds, or older than S10 allows to be missing.
WITH months AS (
    SELECT uscc, month, insured_headcount, CAST(date_diff('month', month, $as_of) AS INTEGER) AS k
    FROM feed.social__insurance
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months($insured_window_months) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
),
entities AS (
    SELECT
        uscc,
        min(insured_headcount) AS lowest,
        max(insured_headcount) AS highest,
        arg_max(insured_headcount, month) AS latest,
        count(insured_headcount) AS n,
        bit_or(if(insured_headcount IS NULL, 0, 1 << (k - 1))) AS known,
        bit_or(if(insured_headcount BETWEEN $min_insured_staff AND $max_insured_staff, 0, 1 << (k - 1))) AS outside,
        max(insured_headcount) FILTER (k = 1) AS h1,
        max(insured_headcount) FILTER (k = 2) AS h2,
        max(insured_headcount) FILTER (k = 3) AS h3,
        max(insured_headcount) FILTER (k = 4) AS h4,
        max(insured_headcount) FILTER (k = 5) AS h5,
        max(insured_headcount) FILTER (k = 6) AS h6
    FROM months
    GROUP BY uscc
),
runs AS (  -- how many of the latest months S10 could keep: up to the first month outside, or the first gap too many
    SELECT
        *,
        known & outside AS broken,
        least(
            if(broken = 0, $insured_window_months, bit_count((broken & -broken) - 1)),
            CASE WHEN n >= $insured_window_months - $max_missing_insured_months THEN $insured_window_months
                ELSE list_filter(range(1, $insured_window_months + 1), lambda k: (known >> (k - 1)) & 1 = 0)
                    [$max_missing_insured_months + 1] - 1
            END
        ) AS kept
    FROM entities
)
SELECT
    uscc,
    CAST(lowest AS INTEGER) AS insured_min_12m,
    CAST(highest AS INTEGER) AS insured_max_12m,
    CAST(latest AS INTEGER) AS insured_latest,
    CAST(n AS INTEGER) AS insured_months_12m,
    CAST(bit_count(known & 63) AS INTEGER) AS insured_months_6m,
    greatest(  -- of the changes known, in percent of the month before; from nobody to somebody is beyond any bound
        if(h1 = h2, 0, 100.0 * abs(h1 - h2) / nullif(h2, 0)), if(h1 > 0 AND h2 = 0, 'infinity'::DOUBLE, NULL),
        if(h2 = h3, 0, 100.0 * abs(h2 - h3) / nullif(h3, 0)), if(h2 > 0 AND h3 = 0, 'infinity'::DOUBLE, NULL),
        if(h3 = h4, 0, 100.0 * abs(h3 - h4) / nullif(h4, 0)), if(h3 > 0 AND h4 = 0, 'infinity'::DOUBLE, NULL),
        if(h4 = h5, 0, 100.0 * abs(h4 - h5) / nullif(h5, 0)), if(h4 > 0 AND h5 = 0, 'infinity'::DOUBLE, NULL),
        if(h5 = h6, 0, 100.0 * abs(h5 - h6) / nullif(h6, 0)), if(h5 > 0 AND h6 = 0, 'infinity'::DOUBLE, NULL)
    ) AS insured_change_6m_pct,
    CAST(if(known & ((1 << kept) - 1) <> 0, $insured_window_months - kept, NULL) AS INTEGER) AS insured_months_to_go
FROM runs
