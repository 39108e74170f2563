-- The latest demand registered, and the events of the last 90 days (S28-S30); events without consent do not exist here.
-- Grain: one row per uscc with an event it consented to. Parameters: $as_of.
SELECT
    uscc,
    CAST(max("at") FILTER (kind = '需求登记') AS DATE) AS demand_registered_on,
    CAST(count(*) FILTER ("at" >= $as_of - 90) AS INTEGER) AS intents_90d
FROM feed.online__intents
WHERE consent
    AND "at" < $as_of + 1
GROUP BY uscc
