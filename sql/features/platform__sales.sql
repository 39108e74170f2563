-- Orders on platforms over the 12 latest closed months, all platforms together, and the latest rating (S16, S46).
-- Grain: one row per uscc with a platform month in the window. Parameters: $as_of.
-- Mean and variation (sample standard deviation over mean) run over the months known; NULL below two months or without
-- orders. The rating is the latest month's that has one, the best of several platforms; that of Meituan also stands alone.
WITH months AS (
    SELECT uscc, month, sum(orders) AS orders, max(rating) AS rating,
        max(rating) FILTER (platform = '美团') AS meituan_rating
    FROM feed.platform__sales
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months(12) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
    GROUP BY uscc, month
),
sums AS (
    SELECT
        uscc,
        count(orders) AS n,
        count(*) FILTER (orders > 0) AS months_with_orders,
        sum(orders) AS total,
        sum(CAST(orders AS BIGINT) * orders) AS squares,  -- whole numbers: the same whatever the order of the rows
        arg_max(rating, month) AS rating,
        arg_max(meituan_rating, month) AS meituan_rating
    FROM months
    GROUP BY uscc
)
SELECT
    uscc,
    CAST(months_with_orders AS INTEGER) AS order_months_12m,
    CAST(total AS DOUBLE) / nullif(n, 0) AS orders_mean_12m,
    sqrt(CAST(n * squares - total * total AS DOUBLE) / nullif(n * (n - 1), 0)) / nullif(CAST(total AS DOUBLE) / n, 0)
        AS orders_cv_12m,
    rating AS platform_rating,
    meituan_rating
FROM sums
