-- Who fell out where this week. Grain: one row per segment and step. Parameters: $week.
SELECT segment, step, rule, entities_in, passed, failed, unknown
FROM out.attrition
WHERE week = $week
ORDER BY segment, step
