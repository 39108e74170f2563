-- Who must not be approached at as-of, and why: refused marketing, complained, on a blacklist, or already being dealt with.
-- Grain: one row per entry in force, and per entity the latest refusal told in a contact. Clause: S29, PIPL 24.
-- Parameters: $as_of.
-- A refusal told in a contact counts from then on without end, unless the register has one of its own that covers that
-- day: its first and last day are then those of the register, so that the bank can end what a contact began.
WITH begun AS (
    SELECT uscc, reason, from_on, until_on, file_id, row_no
    FROM feed.crm__suppressions
    WHERE coalesce(from_on <= $as_of, TRUE)
),
told AS (
    SELECT uscc, result AS reason, CAST(contacted_at AS DATE) AS from_on, CAST(NULL AS DATE) AS until_on, file_id, row_no
    FROM feed.crm__contacts
    WHERE result = '拒绝营销'
        AND contacted_at < CAST($as_of AS DATE) + 1
    QUALIFY row_number() OVER (PARTITION BY uscc ORDER BY contacted_at DESC, file_id, row_no) = 1
)
SELECT * FROM begun
WHERE coalesce(until_on >= $as_of, TRUE)
UNION ALL
SELECT * FROM told
WHERE NOT EXISTS (
    SELECT 1
    FROM begun
    WHERE begun.uscc = told.uscc
        AND begun.reason = told.reason
        AND coalesce(begun.until_on >= told.from_on, TRUE)
)
ORDER BY uscc, reason, from_on, file_id, row_no
