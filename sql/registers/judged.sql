-- What follows from the scores: a link, a question to a person, or nothing.
-- Grain: one row per source and candidate worth showing. Parameters: $accept, $review, $margin_bits, $candidates_shown.
-- Linked is only a best candidate that is likely and clearly ahead of every other; two equally good ones link nothing.
-- One that is out of business is linked to nobody, and stands in the way of a namesake that fits less well.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY id ORDER BY match_weight DESC, is_closed, uscc) AS place,
        max(score) OVER (PARTITION BY id) AS best_score,
        max(match_weight) FILTER (NOT is_closed) OVER (PARTITION BY id ORDER BY match_weight DESC, is_closed, uscc
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_weight
    FROM register.scored
),
judged AS (
    SELECT *, place = 1 AND score >= $accept AND NOT is_closed AS is_likely,
        coalesce(match_weight - next_weight >= $margin_bits, TRUE) AS is_ahead
    FROM ranked
)
SELECT id, uscc, is_closed, method, score, evidence, place, is_likely AND is_ahead AS is_linked,
    is_likely AND NOT is_ahead AS is_ambiguous
FROM judged
WHERE best_score >= $review AND place <= $candidates_shown AND (place = 1 OR score >= $review)
