-- Months with a utility bill, with a paid one, and still to go, among the latest closed months (S36): months, not bills.
-- Grain: one row per uscc with a bill in the window. Parameters: $as_of, $bill_window_months, $min_paid_bill_months.
-- Bills of a linked account stand under the code of their entity (register.links); others belong to nobody yet.
-- Months are bits, counted back from as-of: bit k is month k.
-- bill_months_to_go: months that must still close, each with a paid bill, for enough of them to be paid; 0 = they are,
-- NULL = neither of the two latest months has a paid bill, so nobody knows that more will come.
WITH bills AS (
    SELECT
        uscc,
        CAST(1 AS INTEGER) << CAST(date_diff('month', month, $as_of) AS INTEGER) AS month_bit,
        coalesce(paid_on <= $as_of, FALSE) AS is_paid
    FROM feed.utilities__bills
    WHERE month >= CAST(date_trunc('month', $as_of) - to_months($bill_window_months) AS DATE)
        AND month < CAST(date_trunc('month', $as_of) AS DATE)
        AND uscc IS NOT NULL
),
entities AS (
    SELECT uscc, bit_or(if(is_paid, month_bit, 0)) AS paid, bit_or(month_bit) AS billed
    FROM bills
    GROUP BY uscc
)
SELECT
    uscc,
    CAST(bit_count(paid) AS INTEGER) AS bill_months_paid_12m,
    CAST(bit_count(billed) AS INTEGER) AS bill_months_12m,
    CAST(CASE
        WHEN bit_count(paid) >= $min_paid_bill_months THEN 0
        WHEN paid & 6 <> 0 THEN list_filter(  -- after `more` months the oldest `more` have left the window
            range(1, $bill_window_months + 1),
            lambda more: bit_count(paid & ((1 << ($bill_window_months - more + 1)) - 1)) + more >= $min_paid_bill_months
        )[1]
    END AS INTEGER) AS bill_months_to_go
FROM entities
