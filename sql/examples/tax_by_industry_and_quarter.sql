-- How the tax paid by listed prospects developed, by quarter and industry division (GB/T 4754, two digits).
-- Grain: one row per industry and quarter. Sums are net of refunds; withheld taxes and insurance fees are left out.
WITH listed AS (
    SELECT DISTINCT uscc
    FROM out.target_list
    WHERE week = (SELECT max(latest.week) FROM out.target_list AS latest)
)
SELECT
    regexp_extract(entity.industry_code, '[0-9]{2}') AS industry,
    date_trunc('quarter', line.period_end) AS quarter,
    count(DISTINCT line.uscc) AS taxpayers,
    sum(line.tax_paid) AS tax_paid_yuan
FROM feed.tax__payments AS line
JOIN listed USING (uscc)
JOIN feed.registry__entities AS entity USING (uscc)
WHERE line.withheld IS NOT TRUE
    AND NOT contains(line.tax_item, '保险费')
GROUP BY regexp_extract(entity.industry_code, '[0-9]{2}'), date_trunc('quarter', line.period_end)
ORDER BY industry, quarter
