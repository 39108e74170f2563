-- Lowest, highest and latest insured headcount of the latest closed months, and how many are known (S10); of the six
-- latest the largest change from month to month (S45), and the contribution base a head (S47); months to go (S49).
-- Grain: one row per uscc with a month in the window.
-- Parameters: $as_of, $insured_window_months, $max_missing_insured_months, $min_insured_staff, $max_insured_staff.
-- Months absent stay absent: nothing is imputed, and a change is known only between two neighbours. A month counts whether
-- or not its contributions were paid. A start from nobody is a change of 100 % or more. The base a head runs over the
-- person-months of the months with staff whose base is known, rounded half up to the fen.
-- insured_months_to_go: months that must still close for S10 to hold if the headcount stays as in the latest month; 0 = it
-- holds, NULL = the latest known month is out of bounds, or older than S10 allows to be missing. Months travel as the bits
-- of one number: bit k-1 = month k is known, bit k+23 = it is known to be out of bounds.
-- The six headcounts travel in two numbers, 21 bits each, as headcount + 1 (0 = month unknown): one pass, one small state.
-- A month that came under the code and under a legacy id is one month, of the people of both.
WITH lines AS NOT MATERIALIZED (
    SELECT uscc, month, insured_headcount, contribution_base
    FROM feed.social__insurance
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months($insured_window_months) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
),
legacy AS (  -- who has rows by a legacy id: hardly anybody; of a list the engine does not take them for many, and joins fast
    SELECT unnest(list(DISTINCT uscc)) AS uscc FROM linkable.social__insurance WHERE uscc IS NOT NULL
),
by_month AS (  -- to group everybody by month takes eight times as long
    FROM lines ANTI JOIN legacy USING (uscc)
    UNION ALL
    SELECT
        uscc, month, CAST(sum(insured_headcount) AS INTEGER),
        CAST(if(count(*) = count(contribution_base), sum(contribution_base), NULL) AS DECIMAL(18, 2))
    FROM lines SEMI JOIN legacy USING (uscc)
    GROUP BY uscc, month
),
panel AS (
    SELECT
        uscc, month, insured_headcount, contribution_base,
        year($as_of) * 12 + month($as_of) - year(month) * 12 - month(month) AS k,  -- months back: 1 is the latest closed
        if(k <= 3, (CAST(insured_headcount AS BIGINT) + 1) << (21 * (k - 1)), 0) AS near,
        if(k BETWEEN 4 AND 6, (CAST(insured_headcount AS BIGINT) + 1) << (21 * (k - 4)), 0) AS far,
        CASE WHEN insured_headcount IS NULL THEN 0
            WHEN insured_headcount BETWEEN $min_insured_staff AND $max_insured_staff THEN CAST(1 AS BIGINT) << (k - 1)
            ELSE CAST(16777217 AS BIGINT) << (k - 1)  -- both bits: 2^24 + 1
        END AS month_bits,
        k <= 6 AND insured_headcount > 0 AND contribution_base IS NOT NULL AS is_weighed
    FROM by_month
),
entities AS (
    SELECT
        uscc,
        CAST(min(insured_headcount) AS INTEGER) AS insured_min_12m,
        CAST(max(insured_headcount) AS INTEGER) AS insured_max_12m,
        CAST(arg_max(insured_headcount, month) AS INTEGER) AS insured_latest,
        CAST(count(insured_headcount) AS INTEGER) AS insured_months_12m,
        bit_or(month_bits) AS month_bits,
        bit_or(near) AS near,
        bit_or(far) AS far,
        CAST(sum(if(is_weighed, insured_headcount, 0)) AS BIGINT) AS person_months,
        CAST(sum(if(is_weighed, CAST(contribution_base * 100 AS BIGINT), 0)) AS BIGINT) AS base_fen
    FROM panel
    GROUP BY uscc
),
months AS (  -- h1 is the latest; NULL = not known
    SELECT
        *,
        CAST(nullif(near & 2097151, 0) - 1 AS INTEGER) AS h1,
        CAST(nullif((near >> 21) & 2097151, 0) - 1 AS INTEGER) AS h2,
        CAST(nullif((near >> 42) & 2097151, 0) - 1 AS INTEGER) AS h3,
        CAST(nullif(far & 2097151, 0) - 1 AS INTEGER) AS h4,
        CAST(nullif((far >> 21) & 2097151, 0) - 1 AS INTEGER) AS h5,
        CAST(nullif((far >> 42) & 2097151, 0) - 1 AS INTEGER) AS h6,
        month_bits & 16777215 AS known,
        month_bits >> 24 AS outside,
        least(  -- how many of the latest months S10 could keep: up to the first outside, or the first gap too many
            if(outside = 0, $insured_window_months, bit_count((outside & -outside) - 1)),
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
    least(h1, h2, h3, h4, h5, h6) AS insured_min_6m,
    if(h1 + h2 IS NULL, 0, 1) + if(h2 + h3 IS NULL, 0, 1) + if(h3 + h4 IS NULL, 0, 1) + if(h4 + h5 IS NULL, 0, 1)
        + if(h5 + h6 IS NULL, 0, 1) AS insured_changes_6m,
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
FROM months
