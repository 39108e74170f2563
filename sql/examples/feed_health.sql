-- Is every department delivering, and how clean: per feed its files, the newest one, and the rows in quarantine.
-- Grain: one row per feed. Every file keeps rows_in = accepted + duplicates + quarantined.
SELECT
    feed,
    count(*) FILTER (status = 'landed') AS files_landed,
    count(*) FILTER (status NOT IN ('landed', 'repeated')) AS files_not_landed,
    max(received_on) FILTER (status = 'landed') AS newest_on,
    sum(rows_in) FILTER (status = 'landed') AS rows_in,
    sum(accepted) FILTER (status = 'landed') AS accepted,
    sum(duplicates) FILTER (status = 'landed') AS duplicates,
    sum(quarantined) FILTER (status = 'landed') AS quarantined,
    round(100.0 * sum(quarantined) FILTER (status = 'landed') / nullif(sum(rows_in) FILTER (status = 'landed'), 0), 2)
        AS quarantined_pct,
    arg_max(reason, received_on) FILTER (status NOT IN ('landed', 'repeated')) AS latest_reason
FROM ops.files
GROUP BY feed
ORDER BY feed
