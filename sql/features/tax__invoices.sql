-- Invoices of the 12 latest closed months in yuan, net of red ones, tax-exclusive (S33).
-- Grain: one row per uscc with an invoice month in the window. Parameters: $as_of.
-- Red amounts come with either sign; an empty one is a month without red invoices. A month without amount is not known.
-- A month that came under the code and under a legacy id is one month, of both.
SELECT
    uscc,
    CAST(sum(amount - coalesce(abs(red_amount), 0)) AS DECIMAL(18, 2)) AS invoiced_12m_yuan,
    CAST(bit_count(bit_or(
        if(amount IS NULL, 0, CAST(1 AS INTEGER) << CAST(date_diff('month', month, $as_of) AS INTEGER))
    )) AS INTEGER) AS invoice_months_12m
FROM feed.tax__invoices
WHERE month >= CAST(date_trunc('month', $as_of) - to_months(12) AS DATE)
    AND month < CAST(date_trunc('month', $as_of) AS DATE)
GROUP BY uscc
