-- The feeds as the week found them. Grain: one row per feed. Parameters: $week.
SELECT feed, state, received_on, days_old, late_after_days, frozen_rules
FROM out.feed_states
WHERE week = $week
ORDER BY feed
