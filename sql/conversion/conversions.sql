-- What became of every entity ever published, from the release that listed it first (S13, S31): `out.conversions`.
-- Grain: one row per uscc in out.target_list up to as-of. Parameters: $as_of, $bank_name (part of our lender names).
--
-- Publication day = the Monday of the release's ISO week. Only events from that day up to as-of count.
-- Lost = another lender's loan (for individual businesses also the owner's) came before a disbursement of ours; if ours
-- came first or on the same day, nothing is lost. A loan whose lender is not named cannot be told apart: not lost.
-- Outcome: disbursed | lost | rejected (latest application refused, none approved) | approved | applied | contacted |
-- held_out (kept back, nothing happened) | published.
WITH releases AS (
    SELECT *, CAST(strptime(week || '-1', '%G-W%V-%u') AS DATE) AS published_on
    FROM out.target_list
),
firsts AS (
    SELECT uscc, min(week) AS week FROM releases WHERE published_on <= $as_of GROUP BY uscc
),
published AS (
    SELECT
        uscc,
        name,
        week AS first_published_week,
        published_on AS first_published_on,
        segment,
        segments,
        channel_first_seen,
        grade,
        coalesce(is_holdout, FALSE) AS is_holdout
    FROM releases SEMI JOIN firsts USING (uscc, week)
),
contacts AS (
    SELECT published.uscc, min(CAST(contact.contacted_at AS DATE)) AS contacted_on
    FROM published JOIN feed.crm__contacts AS contact USING (uscc)
    WHERE CAST(contact.contacted_at AS DATE) BETWEEN published.first_published_on AND $as_of
    GROUP BY published.uscc
),
applications AS (  -- an approval without a date counts from the day the bank reported it
    SELECT
        published.uscc,
        min(application.applied_on) AS applied_on,
        min(coalesce(application.decided_on, application.received_on))
            FILTER (application.status = '通过') AS approved_on,
        arg_max(application.status, (application.applied_on, application.application_no)) = '拒绝' AS is_rejected
    FROM published JOIN feed.crm__applications AS application USING (uscc)
    WHERE application.applied_on BETWEEN published.first_published_on AND $as_of
    GROUP BY published.uscc
),
disbursements AS (
    SELECT
        published.uscc,
        min(loan.disbursed_on) AS disbursed_on,
        arg_min(loan.amount, (loan.disbursed_on, loan.loan_no)) AS amount_yuan
    FROM published JOIN feed.crm__disbursements AS loan USING (uscc)
    WHERE loan.disbursed_on BETWEEN published.first_published_on AND $as_of
    GROUP BY published.uscc
),
other_loans AS (
    SELECT
        published.uscc,
        min(loan.granted_on) AS granted_on,
        arg_min(loan.lender, (loan.granted_on, loan.loan_no)) AS lender
    FROM published JOIN feed.credit__loans AS loan USING (uscc)
    WHERE loan.granted_on BETWEEN published.first_published_on AND $as_of
        AND NOT contains(loan.lender, $bank_name)
        AND (loan.kind IN ('贷款', '贴现') OR (loan.kind = '个人经营贷款' AND starts_with(uscc, '92')))
    GROUP BY published.uscc
),
events AS (
    SELECT
        *,
        coalesce(granted_on < coalesce(disbursed_on, DATE 'infinity'), FALSE) AS is_lost
    FROM published
    LEFT JOIN contacts USING (uscc)
    LEFT JOIN applications USING (uscc)
    LEFT JOIN disbursements USING (uscc)
    LEFT JOIN other_loans USING (uscc)
)
SELECT
    uscc,
    name,
    first_published_week,
    first_published_on,
    segment,
    segments,
    channel_first_seen,
    grade,
    is_holdout,
    contacted_on,
    applied_on,
    approved_on,
    disbursed_on,
    amount_yuan,
    CASE WHEN is_lost THEN lender END AS lost_to,
    CASE WHEN is_lost THEN granted_on END AS lost_on,
    CASE
        WHEN is_lost THEN 'lost'
        WHEN disbursed_on IS NOT NULL THEN 'disbursed'
        WHEN approved_on IS NOT NULL THEN 'approved'
        WHEN is_rejected THEN 'rejected'
        WHEN applied_on IS NOT NULL THEN 'applied'
        WHEN contacted_on IS NOT NULL THEN 'contacted'
        WHEN is_holdout THEN 'held_out'
        ELSE 'published'
    END AS outcome
FROM events
ORDER BY first_published_week, uscc
