-- The park or commercial district an entity is in, its lease and the scored facts of both (S14-S17, S36, S40).
-- Grain: one row per uscc. Parameters: $as_of.
-- A tenant of several sites is shown at one: a lease in force first, then the kind of site its segment asks for (a
-- district for individual businesses, a park for others), then the later end of lease, then the lower id.
-- other_site_kind: that of another site it is in as well, its lease not known to have ended; NULL = none of another kind.
WITH tenants AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY uscc
            ORDER BY
                lease_until >= $as_of DESC NULLS LAST,
                (site_kind = '商圈') = (uscc[1:2] = '92') DESC,
                lease_until DESC NULLS LAST,
                site_id
        ) AS preference,
        min(site_kind) FILTER (coalesce(lease_until >= $as_of, TRUE)) OVER (PARTITION BY uscc) AS first_kind,
        max(site_kind) FILTER (coalesce(lease_until >= $as_of, TRUE)) OVER (PARTITION BY uscc) AS last_kind
    FROM feed.sites__tenants
)
SELECT
    uscc,
    site_id,
    site_name,
    site_kind,
    coalesce(nullif(first_kind, site_kind), nullif(last_kind, site_kind)) AS other_site_kind,
    manager AS site_manager,
    lease_until,
    rent_on_time_months,
    rd_spend AS rd_spend_yuan,
    patents,
    repurchase_rate
FROM tenants
WHERE preference = 1
