-- Lowest, highest and latest insured headcount of the latest closed months, and how many are known (S10); of the six
-- latest the largest change from month to month (S45), and the contribution base a head (S47).
-- Grain: one row per uscc with a month in the window.
-- Parameters: $as_of, $insured_window_months, $max_missing_insured_months, $min_insured_staff, $max_insured_staff.
-- Months absent stay absent: nothing is imputed, and a change is known only between two neighbours. A month counts whether
-- or not its contributions were paid. A start from nobody is a change of 100 % or more. The base a head runs over the
-- person-months of the months with staff whose base is known, rounded half up to the fen.
-- insured_months_to_go: months that must still close for S10 to hold if the headcount stays as in the latest month; 0 = it
-- holds, NULL = the latest known month is out of bounds, or older than S10 allows to be missing. A set of months is an
-- INTEGER whose bit k-1 is month k.
WITH panel AS (
    SELECT
        uscc, month, insured_headcount,
        CAST(date_diff('month', month, $as_of) AS INTEGER) AS k,  -- months back: 1 is the latest that is closed
        if(k <= 6 AND insured_headcount > 0 AND contribution_base IS NOT NULL, insured_headcount, NULL) AS heads,
        if(heads IS NULL, NULL, contribution_base) AS base
    FROM feed.social__insurance
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months($insured_window_months) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
),
entities AS (
    SELECT
        uscc,
        CAST(min(insured_headcount) AS INTEGER) AS insured_min_12m,
        CAST(max(insured_headcount) AS INTEGER) AS insured_max_12m,
        CAST(arg_max(insured_headcount, month) AS INTEGER) AS insured_latest,
        CAST(count(insured_headcount) AS INTEGER) AS insured_months_12m,
        max(insured_headcount) FILTER (k = 1) AS h1,
        max(insured_headcount) FILTER (k = 2) AS h2,
        max(insured_headcount) FILTER (k = 3) AS h3,
        max(insured_headcount) FILTER (k = 4) AS h4,
        max(insured_headcount) FILTER (k = 5) AS h5,
        max(insured_headcount) FILTER (k = 6) AS h6,
        bit_or(if(insured_headcount IS NULL, 0, 1 << (k - 1))) AS known,
        bit_or(if(insured_headcount BETWEEN $min_insured_staff AND $max_insured_staff, 0, 1 << (k - 1))) AS outside,
        sum(heads) AS person_months,
        CAST(sum(base) * 100 AS HUGEINT) AS base_fen
    FROM panel
    GROUP BY uscc
),
runs AS (  -- how many of the latest months S10 could keep: up to the first month outside, or the first gap too many
    SELECT
        *, known & outside AS broken,
        least(
            if(broken = 0, $insured_window_months, bit_count((broken & -broken) - 1)),
            CASE WHEN insured_months_12m >= $insured_window_months - $max_missing_insured_months
                THEN $insured_window_months
                ELSE list_filter(range(1, $insured_window_months + 1), lambda n: (known >> (n - 1)) & 1 = 0)
                    [$max_missing_insured_months + 1] - 1
            END
        ) AS kept
    FROM entities
)
SELECT
    uscc, insured_min_12m, insured_max_12m, insured_latest, insured_months_12m,
    CAST(least(h1, h2, h3, h4, h5, h6) AS INTEGER) AS insured_min_6m,
    CAST(len([1 FOR known IN [h1 + h2, h2 + h3, h3 + h4, h4 + h5, h5 + h6] IF known IS NOT NULL]) AS INTEGER)
        AS insured_changes_6m,
    greatest(  -- of what is known; a quotient of whole numbers is exactly 20 only when it is 20
        abs(h1 - h2) * 100 / greatest(h2, 1),
        abs(h2 - h3) * 100 / greatest(h3, 1),
        abs(h3 - h4) * 100 / greatest(h4, 1),
        abs(h4 - h5) * 100 / greatest(h5, 1),
        abs(h5 - h6) * 100 / greatest(h6, 1)
    ) AS insured_max_change_pct_6m,
    CAST(CAST((2 * base_fen + person_months) // nullif(2 * person_months, 0) AS DECIMAL(18, 0)) * 0.01
        AS DECIMAL(18, 2)) AS contribution_base_per_head_yuan,
    CAST(if(known & ((1 << kept) - 1) <> 0, $insured_window_months - kept, NULL) AS INTEGER) AS insured_months_to_go
FROM runs
