-- What the register says of an entity (S05, S11); the register is delivered whole or as changes, newest row per code.
-- Grain: one row per uscc.
SELECT
    uscc,
    name,
    entity_type,
    established_on,
    status,
    industry_code,
    division_code,
    registered_capital AS registered_capital_yuan,
    employees,
    annual_revenue AS annual_revenue_yuan,
    total_assets AS total_assets_yuan,
    predecessor_uscc
FROM feed.registry__entities
