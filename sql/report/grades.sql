-- How this week's list is spread over the grades; hold-outs left out. Grain: segment and grade. Parameters: $week.
SELECT segment, grade, count(*) AS entities
FROM out.target_list
WHERE week = $week AND NOT is_holdout
GROUP BY segment, grade
ORDER BY segment, grade
