-- The release a published file holds, and how far its conversions reach. Grain: one row, none without a release.
SELECT
    run.week,
    run.as_of,
    run.notes,
    (SELECT max(as_of) FROM out.plan_progress) AS followed_on
FROM ops.runs AS run
WHERE run.week = (SELECT max(week) FROM out.eligibility)
ORDER BY run.started_at DESC
LIMIT 1
