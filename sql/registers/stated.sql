-- Accounts whose other bills state a code: the same account under the same holder, and one code only.
-- Grain: one row per source.
SELECT source.id, min(bill.uscc) AS uscc
FROM register.sources AS source
JOIN feed.utilities__bills AS bill ON bill.account_no = source.account_no AND bill.account_name = source.name
WHERE bill.uscc IS NOT NULL AND NOT starts_with(bill.uscc, 'legacy:')
GROUP BY source.id
HAVING count(DISTINCT bill.uscc) = 1
