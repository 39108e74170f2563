-- The park or commercial district an entity is in, its lease and the scored facts of both (S14-S17, S36, S40).
-- Grain: one row per uscc. Parameters: $as_of.
-- A tenant of several sites is shown at one: a lease in force first, then the later end of lease, then the lower id.
WITH tenants AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY uscc ORDER BY lease_until >= $as_of DESC NULLS LAST, lease_until DESC NULLS LAST, site_id
        ) AS preference
    FROM feed.sites__tenants
)
SELECT
    uscc,
    site_id,
    site_name,
    site_kind,
    manager AS site_manager,
    lease_until,
    rent_on_time_months,
    rd_spend AS rd_spend_yuan,
    patents,
    repurchase_rate
FROM tenants
WHERE preference = 1
