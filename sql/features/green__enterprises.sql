-- The green register and the green credit file (S20-S22).
-- Grain: one row per uscc.
SELECT
    uscc,
    listed_on AS green_listed_on,
    valid_until AS green_valid_until,
    field AS green_field,
    carbon_tonnes,
    retrofit_investment AS retrofit_investment_yuan
FROM feed.green__enterprises
