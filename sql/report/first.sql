-- The first of this week's list. Grain: entity, in rank order, at most $most; hold-outs left out: they must not be
-- contacted, and who is one must not be seen. Parameters: $week, $most.
SELECT rank, uscc, name, segment, score, grade, product, limit_yuan
FROM out.target_list
WHERE week = $week AND NOT is_holdout
ORDER BY rank
LIMIT $most
