-- What became of every entity ever published, from the release that listed it first (S13, S31): `out.conversions`.
-- Grain: one row per uscc in out.target_list up to as-of. Parameters: $as_of, $bank_name (part of our lender names),
-- $first_loan_definition. Reads out.releases: week, as_of.
--
-- Publication day = the as-of of the release (where no run is known, the Monday of its week). Only events from that day
-- up to as-of count; but a first loan is one before which there was none (S09), so loans are looked at from the beginning,
-- those reported late too.
-- Lost = another lender's loan (for individual businesses also the owner's, unless the definition leaves it out) came before
-- ours, or before we published; one without a date disproves as it does in `never_borrowed`. If ours came first or on the
-- same day, nothing is lost. A loan whose lender is not named cannot be told apart: not lost.
-- Borrowed before = a loan dated before publication, by whomever, or one of our own: a later loan of ours is no first loan,
-- and the entity stays at the stage it had reached without it.
-- Outcome: lost | disbursed | approved | rejected (latest application refused, none approved) | applied | contacted |
-- held_out (kept back, nothing happened) | published.
WITH releases AS (
    SELECT
        list.*,
        coalesce(release.as_of, CAST(strptime(list.week || '-1', '%G-W%V-%u') AS DATE)) AS published_on
    FROM out.target_list AS list
    LEFT JOIN out.releases AS release USING (week)
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
applications AS (  -- a decision without a date counts from the day the bank reported it; one dated after as-of is to come
    SELECT
        published.uscc,
        min(application.applied_on) AS applied_on,
        min(coalesce(application.decided_on, application.received_on))
            FILTER (application.status = '通过' AND coalesce(application.decided_on <= $as_of, TRUE)) AS approved_on,
        arg_max(
            application.status = '拒绝' AND coalesce(application.decided_on <= $as_of, TRUE),
            (application.applied_on, application.application_no)
        ) AS is_rejected
    FROM published JOIN feed.crm__applications AS application USING (uscc)
    WHERE application.applied_on BETWEEN published.first_published_on AND $as_of
    GROUP BY published.uscc
),
disbursements AS (
    SELECT
        published.uscc,
        min(loan.disbursed_on) AS first_disbursed_on,
        min(loan.disbursed_on) FILTER (loan.disbursed_on >= published.first_published_on) AS disbursed_on,
        arg_min(loan.amount, (loan.disbursed_on, loan.loan_no))
            FILTER (loan.disbursed_on >= published.first_published_on) AS amount_yuan
    FROM published JOIN feed.crm__disbursements AS loan USING (uscc)
    WHERE loan.disbursed_on <= $as_of
    GROUP BY published.uscc
),
loans AS (
    SELECT
        published.uscc,
        loan.loan_no,
        loan.lender,
        coalesce(loan.granted_on, DATE '-infinity') AS known_on,
        coalesce(NOT contains(loan.lender, $bank_name), FALSE) AS is_other,
        coalesce(loan.granted_on < published.first_published_on, FALSE) AS is_earlier
    FROM published JOIN feed.credit__loans AS loan USING (uscc)
    WHERE coalesce(loan.granted_on <= $as_of, TRUE)
        AND (
            loan.kind IN ('贷款', '贴现')
            OR (
                loan.kind = '个人经营贷款'
                AND starts_with(published.uscc, '92')
                AND $first_loan_definition = 'never_any_loan'
            )
        )
),
records AS (
    SELECT
        uscc,
        bool_or(is_earlier) AS has_earlier_record,
        min(known_on) FILTER (is_other) AS known_on,
        arg_min(lender, (known_on, loan_no)) FILTER (is_other) AS lender
    FROM loans
    GROUP BY uscc
),
events AS (
    SELECT
        *,
        coalesce(known_on < coalesce(first_disbursed_on, DATE 'infinity'), FALSE) AS is_lost,
        coalesce(has_earlier_record, FALSE)
        OR coalesce(first_disbursed_on < first_published_on, FALSE) AS has_borrowed_before
    FROM published
    LEFT JOIN contacts USING (uscc)
    LEFT JOIN applications USING (uscc)
    LEFT JOIN disbursements USING (uscc)
    LEFT JOIN records USING (uscc)
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
    CASE WHEN is_lost THEN nullif(known_on, DATE '-infinity') END AS lost_on,
    CASE
        WHEN is_lost THEN 'lost'
        WHEN disbursed_on IS NOT NULL AND NOT has_borrowed_before THEN 'disbursed'
        WHEN approved_on IS NOT NULL THEN 'approved'
        WHEN is_rejected THEN 'rejected'
        WHEN applied_on IS NOT NULL THEN 'applied'
        WHEN contacted_on IS NOT NULL THEN 'contacted'
        WHEN is_holdout THEN 'held_out'
        ELSE 'published'
    END AS outcome
FROM events
ORDER BY first_published_week, uscc
