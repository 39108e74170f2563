-- Loan records of an entity by any lender, settled ones included (S09): one disproves a first loan for ever.
-- Grain: one row per uscc with a record. Parameters: $as_of.
-- A record without a date counts: it disproves as well. Records granted after as-of are not there yet.
WITH loans AS (
    SELECT uscc, kind, granted_on
    FROM feed.credit__loans
    WHERE coalesce(granted_on <= $as_of, TRUE)
)
SELECT
    uscc,
    count(*) FILTER (kind IN ('贷款', '贴现')) AS enterprise_loans,
    count(*) FILTER (kind = '个人经营贷款') AS personal_business_loans,
    min(granted_on) FILTER (kind IN ('贷款', '贴现', '个人经营贷款')) AS first_loan_on,
    min(granted_on) FILTER (kind IN ('贷款', '贴现')) AS first_enterprise_loan_on
FROM loans
GROUP BY uscc
