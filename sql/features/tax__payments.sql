-- Own-tax filings of an entity: the window of S07, its covered and normal months, months to go, the tax paid (S08).
-- Grain: one row per uscc with at least one own filing (no row = no filing = unknown). Who filed only before the 36 months
-- before as-of, of which all else is made, has covered no month, paid nothing, and nothing is known of a cycle.
-- Parameters: $as_of, $grace_days (on deadlines), $tax_deadline_day, $tax_window_months, $tax_cycle_months_back; and
-- $slice of $slices, the part of all codes that is looked at: a group takes 300 bytes, and more of them than memory holds
-- cost more than reading the feed again.
--
-- Months count back from as-of: month 1 is the latest that ended before it. A set of months is a BIGINT whose bit k is
-- month k: what some filing covers is one bit_or, and the panel is read and grouped once.
-- A filing covers the months wholly within its period. Periods of whole months set the cycle, rounded to 1, 3, 6, 12 (a
-- firm's first, shorter quarter is a quarter); a filing of a few days (次) covers nothing and sets nothing.
-- The window ends with the last period of the cycle that ended before as-of and whose deadline is before as-of: the
-- latest due date of own filings for exactly that period, else the 15th of the month after. Without a cycle: monthly.
-- The window is exact for any due date. Sums are kept for the ends that due dates lead to in practice (the default
-- one, a month earlier, a period later); they run in fen as doubles, half the memory of decimals and exact for whole numbers.
-- Whose window ends elsewhere, or whose payments and refunds together come to 2^50 fen, where a double might not be exact,
-- is summed again from the lines: nobody in practice, and then the feed is not read again.
-- tax_months_to_go: months by which the window must move on, in whole cycles, until it holds normal ones only, if every
-- coming period is filed well; 0 = it does, NULL = the window's last month is not normal, or a later one already is not,
-- or several periods are open. tax_twelfth_due_on: the own deadline of the period to go, where it is filed already
-- and no other period, of another cycle either, is open.
WITH clock AS (
    SELECT
        $as_of - $grace_days AS closes,
        year($as_of) * 12 + month($as_of) AS this_month,
        this_month - year(closes) * 12 - month(closes) + if(day(closes) > $tax_deadline_day, 1, 2) AS k_closed
),
cycles AS (  -- k_0: the latest period end before as-of; n_open: how many periods from there are not due by default
    SELECT
        months,
        shift,
        (month($as_of) - 1) % months + 1 AS k_0,
        greatest(0, (k_closed - k_0 + months - 1) // months) AS n_open
    FROM clock, (VALUES (1, 0), (3, 15), (6, 30), (12, 45)) AS cycle (months, shift)
),
candidates AS (
    SELECT DISTINCT CAST(unnest([k_0 + months * n_open, k_0 + months * (n_open + 1), k_closed - 1]) AS TINYINT) AS k
    FROM cycles, clock
),
ends AS (  -- at most seven differ
    SELECT k[1] AS k1, k[2] AS k2, k[3] AS k3, k[4] AS k4, k[5] AS k5, k[6] AS k6, k[7] AS k7
    FROM (SELECT list_sort(list(k)) AS k FROM candidates WHERE k > 0)
),
own AS NOT MATERIALIZED (
    SELECT *, coalesce(tax_due, 0) >= 0 AND coalesce(tax_paid, 0) >= 0 AS is_filing  -- else an adjustment
    FROM feed.tax__payments
    WHERE hash(uscc) % CAST($slices AS UBIGINT) = CAST($slice AS UBIGINT)
        AND withheld IS NOT TRUE
        AND NOT (contains(tax_item, '保险费') OR contains(tax_item, '社会保险') OR contains(tax_item, '社保'))
),
periods AS (
    SELECT
        uscc, tax_due, tax_paid, round(CAST(tax_paid AS DOUBLE) * 100) AS paid_fen, declared_on, paid_on, this_month, k_closed,
        is_filing,
        coalesce(due_on, last_day(period_end) + $tax_deadline_day) AS due_on,
        CAST(this_month - year(period_end) * 12 - month(period_end) AS SMALLINT) AS k_end,
        CAST(this_month - year(period_start) * 12 - month(period_start) AS SMALLINT) AS k_start,
        k_end + if(day(period_end + 1) = 1, 0, 1) AS k_last,
        k_start - if(day(period_start) = 1, 0, 1) AS k_first,
        CASE WHEN k_end <> k_last OR k_start <> k_first OR k_first < k_last THEN NULL
            WHEN k_first = k_last THEN 1
            WHEN k_first < k_last + 3 THEN 3
            WHEN k_first < k_last + 6 THEN 6
            ELSE 12
        END AS months
    FROM own, clock
    WHERE period_end >= CAST(date_trunc('month', $as_of - $grace_days) - to_months(24 + $tax_window_months) AS DATE)
),
lines AS (
    SELECT
        uscc, paid_fen, is_filing, months, due_on,
        CAST(k_end AS TINYINT) AS k_end,
        is_filing AND k_last BETWEEN 1 AND $tax_cycle_months_back AS sets_cycle,
        if(is_filing AND k_first >= greatest(k_last, 0),
            (CAST(2 AS BIGINT) << least(k_first, 60)) - (CAST(1 AS BIGINT) << greatest(k_last, 0)), 0) AS covers,
        (declared_on <= due_on + $grace_days
            AND (coalesce(tax_due, 0) <= 0 OR (tax_paid >= tax_due AND paid_on <= due_on + $grace_days))) IS TRUE AS is_normal,
        coalesce(tax_due, 0) = 0 AND coalesce(tax_paid, 0) = 0 AS is_zero_return,
        due_on + $grace_days >= $as_of AS is_open,
        CASE WHEN (is_open OR k_end < k_closed) AND is_filing AND k_first - k_last + 1 = months
                AND k_last BETWEEN 1 AND 15 * months AND (k_last - (this_month - 1) % months) % months = 1 % months
            THEN CAST(1 AS BIGINT) << ((k_last - 1) // months
                + CASE months WHEN 1 THEN 0 WHEN 3 THEN 15 WHEN 6 THEN 30 ELSE 45 END)
            ELSE 0
        END AS period  -- bit (the cycle's shift + i): exactly the i-th latest period of that cycle
    FROM periods
),
entities AS (
    SELECT
        uscc, count(*) FILTER (is_filing) AS tax_filings,
        min(CAST(months AS TINYINT)) FILTER (sets_cycle) AS months,
        bit_or(covers) AS covered, bit_or(if(is_normal, 0, covers)) AS abnormal,
        bit_or(if(is_zero_return, 0, covers)) AS nonzero, bit_or(if(is_open, 0, period)) AS closed_early,
        bit_or(if(is_open, period, 0)) AS open, max(due_on) FILTER (is_open AND period <> 0) AS open_due_on,
        sum(abs(paid_fen)) AS moved,
        sum(if(k_end BETWEEN k1 AND k1 + $tax_window_months - 1, paid_fen, 0)) AS paid_1,
        sum(if(k_end BETWEEN k2 AND k2 + $tax_window_months - 1, paid_fen, 0)) AS paid_2,
        sum(if(k_end BETWEEN k3 AND k3 + $tax_window_months - 1, paid_fen, 0)) AS paid_3,
        sum(if(k_end BETWEEN k4 AND k4 + $tax_window_months - 1, paid_fen, 0)) AS paid_4,
        sum(if(k_end BETWEEN k5 AND k5 + $tax_window_months - 1, paid_fen, 0)) AS paid_5,
        sum(if(k_end BETWEEN k6 AND k6 + $tax_window_months - 1, paid_fen, 0)) AS paid_6,
        sum(if(k_end BETWEEN k7 AND k7 + $tax_window_months - 1, paid_fen, 0)) AS paid_7
    FROM lines, ends
    GROUP BY uscc
    HAVING count(*) FILTER (is_filing) > 0
),
windows AS (  -- k: the window's last month, which is the end of the cycle's latest closed period
    SELECT
        entities.*, cycles.months AS step, (CAST(1 AS BIGINT) << $tax_window_months) - 1 AS window_bits,
        (((32767 >> n_open) << n_open) | (closed_early >> shift)) & ~(open >> shift) & 32767 AS closed,
        (open >> shift) & 32767 AS opened, open = ((closed & -closed) >> 1) << shift AS opens_next,
        CAST(k_0 + cycles.months * nullif(bit_count((closed & -closed) - 1), 64) AS INTEGER) AS k,
        (covered & ~abnormal) >> k AS normal,
        CAST(bit_count((~normal & (normal + 1)) - 1) AS INTEGER) AS normal_run  -- the ones up to the lowest zero
    FROM entities JOIN cycles ON cycles.months = coalesce(entities.months, 1)
),
found AS MATERIALIZED (
    SELECT
        uscc, tax_filings, CAST(months AS INTEGER) AS tax_cycle_months, last_day($as_of - to_months(k)) AS tax_window_end_on,
        CAST(bit_count((covered >> k) & window_bits) AS INTEGER) AS tax_months_covered,
        CAST(bit_count(normal & window_bits) AS INTEGER) AS tax_months_normal,
        CAST(if(normal_run > 0 AND abnormal & ((CAST(1 AS BIGINT) << k) - 1) = 0 AND opened & (opened - 1) = 0,
            greatest(0, ($tax_window_months - normal_run + step - 1) // step * step), NULL) AS INTEGER) AS tax_months_to_go,
        if(tax_months_to_go = step AND opens_next, open_due_on, NULL) AS tax_twelfth_due_on,
        CAST(bit_count(((covered & ~nonzero) >> k) & window_bits) AS INTEGER) AS tax_zero_return_months,
        CAST(CAST(CASE
            WHEN moved >= CAST(1 AS BIGINT) << 50 THEN NULL
            WHEN k = k1 THEN coalesce(paid_1, 0) WHEN k = k2 THEN coalesce(paid_2, 0) WHEN k = k3 THEN coalesce(paid_3, 0)
            WHEN k = k4 THEN coalesce(paid_4, 0) WHEN k = k5 THEN coalesce(paid_5, 0) WHEN k = k6 THEN coalesce(paid_6, 0)
            WHEN k = k7 THEN coalesce(paid_7, 0)
        END AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2)) AS tax_paid_12m_yuan
    FROM windows, ends
),
summed_again AS (
    SELECT uscc, TRY_CAST(sum(own.tax_paid) AS DECIMAL(18, 2)) AS paid
    FROM own JOIN (SELECT uscc, tax_window_end_on FROM found WHERE tax_paid_12m_yuan IS NULL) AS missing USING (uscc)
    WHERE own.period_end <= tax_window_end_on
        AND own.period_end > last_day(tax_window_end_on - to_months($tax_window_months))
    GROUP BY uscc
),
long_ago AS (
    SELECT uscc, count(*) AS tax_filings
    FROM own ANTI JOIN found USING (uscc)
    WHERE is_filing AND period_end < CAST(date_trunc('month', $as_of - $grace_days) - to_months(24 + $tax_window_months) AS DATE)
    GROUP BY uscc
)
SELECT
    found.* REPLACE (
        if(tax_paid_12m_yuan IS NULL AND tax_window_end_on IS NOT NULL,
            if(summed_again.uscc IS NULL, 0, summed_again.paid), tax_paid_12m_yuan) AS tax_paid_12m_yuan
    )
FROM found LEFT JOIN summed_again USING (uscc)
UNION ALL
SELECT uscc, tax_filings, NULL, last_day($as_of - to_months(greatest(1, k_closed))), 0, 0, NULL, NULL, 0, 0
FROM long_ago, clock
