-- Inflow on accounts at this bank over the 12 latest closed months: mean, sum, variation (S16, S17, S37).
-- Grain: one row per uscc with a flow month in the window. Parameters: $as_of.
-- The mean runs over the months known (flow_months_12m), rounded half up to the fen. The variation is the sample
-- standard deviation over the mean, from exact sums in fen, so that the order of the rows does not matter; NULL below
-- two months. A month that came under the code and under a legacy id is one month, of both.
WITH lines AS NOT MATERIALIZED (
    SELECT uscc, month, inflow
    FROM feed.bank__flows
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months(12) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
),
legacy AS (  -- who has rows by a legacy id: hardly anybody; of a list the engine does not take them for many, and joins fast
    SELECT unnest(list(DISTINCT uscc)) AS uscc FROM linkable.bank__flows WHERE uscc IS NOT NULL
),
months AS (  -- to group everybody by month takes six times as long
    SELECT uscc, inflow FROM lines ANTI JOIN legacy USING (uscc)
    UNION ALL
    SELECT uscc, CAST(sum(inflow) AS DECIMAL(18, 2)) FROM lines SEMI JOIN legacy USING (uscc) GROUP BY uscc, month
),
sums AS (
    SELECT
        uscc,
        count(inflow) AS n,
        CAST(sum(inflow) AS DECIMAL(18, 2)) AS total,
        CAST(total * 100 AS HUGEINT) AS fen,
        sum(CAST(inflow * 100 AS HUGEINT) * CAST(inflow * 100 AS HUGEINT)) AS square_fen
    FROM months
    GROUP BY uscc
)
SELECT
    uscc,
    CAST(CAST((2 * fen + n) // nullif(2 * n, 0) AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2)) AS inflow_mean_12m_yuan,
    total AS inflow_sum_12m_yuan,
    CAST(n AS INTEGER) AS flow_months_12m,
    sqrt(CAST(n * square_fen - fen * fen AS DOUBLE) / nullif(n * (n - 1), 0)) / nullif(CAST(fen AS DOUBLE) / n, 0)
        AS inflow_cv_12m
FROM sums
