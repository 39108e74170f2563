-- How this week's list differs from the one before, by segment; hold-outs are on neither.
-- Grain: one row per primary segment of either list. Parameters: $week, $since (NULL = there was none).
-- before = left_list + moved_out + rescored + unchanged; now = entered + moved_in + rescored + unchanged. Rescored = the
-- same segment with another score or grade.
WITH pairs AS (
    SELECT
        was.segment AS old_segment,
        fresh.segment AS new_segment,
        was.uscc IS NOT NULL AND fresh.uscc IS NOT NULL AS is_on_both,
        (was.score, was.grade) IS DISTINCT FROM (fresh.score, fresh.grade) AS is_rescored
    FROM (FROM out.target_list WHERE week = $since AND NOT is_holdout) AS was
    FULL JOIN (FROM out.target_list WHERE week = $week AND NOT is_holdout) AS fresh USING (uscc)
),
sides AS (
    SELECT
        old_segment AS segment, 1 AS before, 0 AS now, CAST(NOT is_on_both AS INTEGER) AS left_list,
        CAST(is_on_both AND old_segment <> new_segment AS INTEGER) AS moved_out,
        0 AS entered, 0 AS moved_in, 0 AS rescored, 0 AS unchanged
    FROM pairs
    WHERE old_segment IS NOT NULL
    UNION ALL
    SELECT
        new_segment, 0, 1, 0, 0, CAST(NOT is_on_both AS INTEGER),
        CAST(is_on_both AND old_segment <> new_segment AS INTEGER),
        CAST(is_on_both AND old_segment = new_segment AND is_rescored AS INTEGER),
        CAST(is_on_both AND old_segment = new_segment AND NOT is_rescored AS INTEGER)
    FROM pairs
    WHERE new_segment IS NOT NULL
)
SELECT
    segment,
    CAST(sum(before) AS BIGINT) AS before,
    CAST(sum(left_list) AS BIGINT) AS left_list,
    CAST(sum(moved_out) AS BIGINT) AS moved_out,
    CAST(sum(entered) AS BIGINT) AS entered,
    CAST(sum(moved_in) AS BIGINT) AS moved_in,
    CAST(sum(rescored) AS BIGINT) AS rescored,
    CAST(sum(unchanged) AS BIGINT) AS unchanged,
    CAST(sum(now) AS BIGINT) AS now
FROM sides
GROUP BY segment
ORDER BY segment
