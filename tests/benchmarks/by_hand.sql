-- What an analyst would write to count who is eligible on 2026-11-23, and no more: no list, no reasons, no unknowns.
WITH own AS (  -- own taxes, without those withheld for others and without insurance fees
    SELECT
        uscc, period_start, period_end, tax_paid,
        date_diff('month', period_start, period_end) + 1 AS months,
        coalesce(tax_due, 0) >= 0 AND coalesce(tax_paid, 0) >= 0 AS is_filing,
        coalesce(due_on, last_day(period_end) + 15) AS deadline,
        coalesce(declared_on <= deadline AND (coalesce(tax_due, 0) <= 0 OR (tax_paid >= tax_due AND paid_on <= deadline)), FALSE)
            AS is_normal
    FROM lake.feed.tax__payments
    WHERE period_end >= DATE '2023-11-01' AND withheld IS NOT TRUE AND NOT regexp_matches(tax_item, '保险费|社会保险|社保')
),
windows AS (  -- the last month of the window by how often an entity files
    SELECT
        uscc,
        CASE
            WHEN min(months) = 1 THEN DATE '2026-10-31'
            WHEN min(months) <= 3 THEN DATE '2026-09-30'
            WHEN min(months) <= 6 THEN DATE '2026-06-30'
            ELSE DATE '2025-12-31'
        END AS ends,
        last_day(ends - INTERVAL 12 MONTH) AS begins
    FROM own
    WHERE is_filing AND period_end BETWEEN DATE '2025-08-01' AND DATE '2026-10-31'
    GROUP BY uscc
),
covered AS (
    SELECT uscc, month, bool_and(is_normal) AS is_normal
    FROM (
        SELECT
            uscc, is_normal,
            unnest(generate_series(greatest(period_start, begins + 1), least(period_end, ends), INTERVAL 1 MONTH)) AS month
        FROM own JOIN windows USING (uscc)
        WHERE is_filing AND period_end > begins AND period_start <= ends
    )
    GROUP BY uscc, month
),
regular AS (SELECT uscc FROM covered GROUP BY uscc HAVING count(*) = 12 AND bool_and(is_normal)),
paid AS (
    SELECT uscc, sum(tax_paid) AS paid
    FROM own JOIN windows USING (uscc)
    WHERE period_end > begins AND period_end <= ends
    GROUP BY uscc
),
staff AS (
    SELECT uscc
    FROM lake.feed.social__insurance
    WHERE month BETWEEN DATE '2025-11-01' AND DATE '2026-10-01'
    GROUP BY uscc
    HAVING min(insured_headcount) >= 3 AND max(insured_headcount) <= 20 AND count(insured_headcount) >= 11
),
borrowers AS (
    SELECT uscc FROM lake.feed.credit__loans
    WHERE granted_on <= DATE '2026-11-23'
        AND (kind IN ('贷款', '贴现') OR (kind = '个人经营贷款' AND starts_with(uscc, '92')))
    UNION ALL
    SELECT uscc FROM lake.feed.crm__disbursements WHERE disbursed_on <= DATE '2026-11-23'
),
green AS (
    SELECT uscc FROM lake.feed.green__enterprises
    WHERE superseded_on IS NULL AND listed_on <= DATE '2026-11-23' AND coalesce(valid_until >= DATE '2026-11-23', TRUE)
),
invoicing AS (
    SELECT uscc FROM lake.feed.tax__invoices
    WHERE month BETWEEN DATE '2025-11-01' AND DATE '2026-10-01'
    GROUP BY uscc
    HAVING sum(amount - coalesce(abs(red_amount), 0)) >= 1000000
),
entities AS (
    SELECT
        uscc, established_on,
        CASE
            WHEN regexp_matches(industry_code, '^[BCD]') THEN employees < 300 OR annual_revenue < 20000000
            WHEN industry_code LIKE 'A%' THEN annual_revenue < 5000000
            WHEN industry_code LIKE 'E%' THEN annual_revenue < 60000000 OR total_assets < 50000000
            WHEN industry_code LIKE 'F51%' THEN employees < 20 OR annual_revenue < 50000000
            WHEN industry_code LIKE 'F52%' THEN employees < 50 OR annual_revenue < 5000000
            WHEN regexp_matches(industry_code, '^G5[3-8]') THEN employees < 300 OR annual_revenue < 30000000
            WHEN industry_code LIKE 'G59%' THEN employees < 100 OR annual_revenue < 10000000
            WHEN regexp_matches(industry_code, '^H6[12]') THEN employees < 100 OR annual_revenue < 20000000
            WHEN industry_code LIKE 'I%' THEN employees < 100 OR annual_revenue < 10000000
            WHEN industry_code LIKE 'K701%' THEN annual_revenue < 10000000 OR total_assets < 50000000
            WHEN industry_code LIKE 'K702%' THEN employees < 300 OR annual_revenue < 10000000
            WHEN industry_code LIKE 'L%' THEN employees < 100 OR total_assets < 80000000
            WHEN regexp_matches(industry_code, '^[MNOR]') THEN employees < 100
        END AS is_small
    FROM lake.feed.registry__entities
    WHERE superseded_on IS NULL AND status IN ('存续', '在业', '开业', '在营')
)
SELECT
    count(*) FILTER (starts_with(uscc, '92') AND regular.uscc IS NOT NULL AND paid >= 50000) AS individual_taxpayer,
    count(*) FILTER (staff.uscc IS NOT NULL AND established_on <= DATE '2024-11-23' AND is_small) AS small_employer,
    count(*) FILTER (starts_with(uscc, '91') AND established_on > DATE '2025-11-23') AS new_enterprise,
    count(*) FILTER (green.uscc IS NOT NULL AND is_small) AS green,
    (SELECT count(*) FROM invoicing) AS invoicing
FROM entities
LEFT JOIN regular USING (uscc)
LEFT JOIN paid USING (uscc)
LEFT JOIN staff USING (uscc)
LEFT JOIN green USING (uscc)
ANTI JOIN borrowers USING (uscc)
