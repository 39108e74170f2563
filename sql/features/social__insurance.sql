-- Insured headcount of the latest closed months: lowest, highest, latest, how many are known (S10), and months to go (S49).
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
        bit_or(if(insured_headcount BETWEEN $min_insured_staff AND $max_insured_staff, 0, 1 << (k - 1))) AS outside
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
    CAST(if(known & ((1 << kept) - 1) <> 0, $insured_window_months - kept, NULL) AS INTEGER) AS insured_months_to_go
FROM runs
