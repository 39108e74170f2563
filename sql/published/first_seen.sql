-- The channel that surfaced each entity first, from the lists of earlier weeks. Grain: uscc. Clause: S30.
SELECT
    uscc,
    arg_min(channel_first_seen, week) AS channel
FROM out.target_list
GROUP BY uscc
ORDER BY uscc
