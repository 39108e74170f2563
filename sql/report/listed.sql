-- The week's list in figures: who is handed out, who is held out, what the limits add up to.
-- Grain: one row. Parameters: $week. Amounts are yuan of the entities handed out; who has a product and no number
-- (set on application, or what it is made of is not known) is counted apart instead of adding zero.
SELECT
    count(*) FILTER (NOT is_holdout) AS listed,
    count(*) FILTER (is_holdout) AS held_out,
    sum(limit_yuan) FILTER (NOT is_holdout) AS limit_yuan,
    count(*) FILTER (NOT is_holdout AND product IS NOT NULL AND limit_yuan IS NULL) AS on_application,
    count(*) FILTER (NOT is_holdout AND product IS NULL) AS without_product
FROM out.target_list
WHERE week = $week
