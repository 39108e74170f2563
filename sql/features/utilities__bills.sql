-- Months with a utility bill, and with a paid one, among the latest closed months (S36): distinct months, not bills.
-- Grain: one row per uscc with a bill in the window. Parameters: $as_of, $bill_window_months.
-- Bills of a linked account stand under the code of their entity (register.links); others belong to nobody yet.
-- Months are bits, counted back from as-of.
WITH bills AS (
    SELECT
        uscc,
        CAST(1 AS INTEGER) << CAST(date_diff('month', month, $as_of) AS INTEGER) AS month_bit,
        coalesce(paid_on <= $as_of, FALSE) AS is_paid
    FROM feed.utilities__bills
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months($bill_window_months) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
        AND uscc IS NOT NULL
)
SELECT
    uscc,
    CAST(bit_count(bit_or(if(is_paid, month_bit, 0))) AS INTEGER) AS bill_months_paid_12m,
    CAST(bit_count(bit_or(month_bit)) AS INTEGER) AS bill_months_12m
FROM bills
GROUP BY uscc
