-- Whom to see first, where: the ten best prospects of this week's list in every division, with their reasons.
-- Grain: one row per division and prospect, at most ten each. Hold-outs are left out: they must not be contacted.
SELECT
    list.division_code,
    list.rank,
    list.uscc,
    list.name,
    list.segment,
    list.grade,
    list.score,
    list.limit_yuan,
    array_to_string(list.reasons[1:3], '；') AS main_reasons
FROM out.target_list AS list
WHERE list.week = (SELECT max(latest.week) FROM out.target_list AS latest)
    AND NOT list.is_holdout
QUALIFY row_number() OVER (PARTITION BY list.division_code ORDER BY list.rank) <= 10
ORDER BY list.division_code, list.rank
