-- The links in force: what a person decided, what an account's other bills state, what the names and addresses say, and the
-- entities behind legacy ids; the first of them counts.
-- Grain: one row per source. Parameters: $as_of, $week.
WITH decided AS (
    SELECT decision.source_feed, decision.source_id, decision.uscc, decision.decided_by,
        '人工确认（' || decision.decided_on || '）' || coalesce('：' || decision.note, '') AS evidence
    FROM register.accepted AS decision
),
found AS (
    SELECT source.*, coalesce(decided.uscc, stated.uscc, judged.uscc) AS uscc,
        CASE WHEN decided.uscc IS NOT NULL THEN 'decided' WHEN stated.uscc IS NOT NULL THEN 'same_account' ELSE judged.method END
            AS method,
        CASE WHEN decided.uscc IS NULL AND stated.uscc IS NULL THEN judged.score END AS score,
        CASE WHEN decided.uscc IS NOT NULL THEN decided.evidence
             WHEN stated.uscc IS NOT NULL THEN '同一户号、同一户名的其他账单载有此代码' ELSE judged.evidence END AS evidence,
        decided.decided_by
    FROM register.sources AS source
    LEFT JOIN decided ON decided.source_feed = source.source_feed AND decided.source_id = source.id
    LEFT JOIN register.stated AS stated ON stated.id = source.id
    LEFT JOIN register.judged AS judged ON judged.id = source.id AND judged.is_linked
),
everything AS (
    SELECT source_feed, id AS source_id, uscc, method, score, evidence, decided_by, account_no, name AS account_name, address
    FROM found
    WHERE uscc IS NOT NULL
    UNION ALL
    SELECT source_feed, source_id, uscc, 'organisation_code', NULL, evidence, NULL, NULL, NULL, NULL
    FROM register.legacy
)
SELECT $week AS week, everything.*, if(before.uscc = everything.uscc, before.since_on, $as_of) AS since_on
FROM everything LEFT JOIN register.before AS before USING (source_feed, source_id)
ORDER BY source_feed, source_id
