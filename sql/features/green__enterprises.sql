-- The green register and the green credit file (S20-S22).
-- Grain: one row per uscc.
SELECT
    uscc,
    coalesce(listed_on, received_on) AS green_listed_on,  -- an entry without a day stood there when it was received
    valid_until AS green_valid_until,
    field AS green_field,
    carbon_tonnes,
    retrofit_investment AS retrofit_investment_yuan
FROM feed.green__enterprises
