-- The run that made a published file, and so the week the file is of. Grain: one row, none without a release.
-- A file holds the runs of all weeks up to its as-of: its own has the latest as-of, and is the newest of that day.
SELECT week, as_of, catalog_version, parameters_version, notes
FROM ops.runs
WHERE status = 'published'
ORDER BY as_of DESC, started_at DESC
LIMIT 1
