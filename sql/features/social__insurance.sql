-- Lowest, highest and latest insured headcount of the latest closed months, and how many are known (S10).
-- Grain: one row per uscc with a month in the window. Parameters: $as_of, $insured_window_months.
-- Months absent stay absent: nothing is imputed. A month counts whether or not its contributions were paid.
SELECT
    uscc,
    CAST(min(insured_headcount) AS INTEGER) AS insured_min_12m,
    CAST(max(insured_headcount) AS INTEGER) AS insured_max_12m,
    CAST(arg_max(insured_headcount, month) AS INTEGER) AS insured_latest,
    CAST(count(insured_headcount) AS INTEGER) AS insured_months_12m
FROM feed.social__insurance
WHERE month >= CAST(date_trunc('month', $as_of) - to_months($insured_window_months) AS DATE)
    AND month < CAST(date_trunc('month', $as_of) AS DATE)
GROUP BY uscc
