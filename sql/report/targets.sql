-- Where the plan's targets stand. Grain: one row per target.
SELECT * EXCLUDE (as_of)
FROM out.plan_progress
WHERE as_of = (SELECT max(as_of) FROM out.plan_progress)
ORDER BY clause, target
