-- Which rule costs a segment most: each step of this week's attrition with its share of those who entered it.
-- Grain: one row per segment and step. Unknown is not failed: there a feed is missing, not the entity.
SELECT
    segment,
    step,
    rule,
    entities_in,
    passed,
    failed,
    unknown,
    round(100.0 * failed / nullif(entities_in, 0), 1) AS failed_pct,
    round(100.0 * unknown / nullif(entities_in, 0), 1) AS unknown_pct
FROM out.attrition
WHERE week = (SELECT max(latest.week) FROM out.attrition AS latest)
ORDER BY segment, step
