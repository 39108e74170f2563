-- How far the conversions of a published file reach. Grain: one row; NULL where they were never followed.
SELECT max(as_of) AS followed_on
FROM out.plan_progress
