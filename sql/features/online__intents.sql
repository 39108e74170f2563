-- The latest demand registered, what was asked and looked at (S28-S30); events without consent do not exist here.
-- Grain: one row per uscc with an event it consented to. Parameters: $as_of.
SELECT
    uscc,
    CAST(max("at") FILTER (kind = '需求登记') AS DATE) AS demand_registered_on,
    CAST(count(*) FILTER ("at" >= $as_of - 90) AS INTEGER) AS intents_90d,
    CAST(count(*) FILTER (kind = '浏览' AND "at" >= $as_of - 90) AS INTEGER) AS views_90d,
    CAST(count(*) FILTER (kind = '咨询' AND "at" >= CAST($as_of - to_months(12) AS DATE)) AS INTEGER) AS consultations_12m
FROM feed.online__intents
WHERE consent
    AND "at" < $as_of + 1
GROUP BY uscc
