-- Farm operators with the proofs of the rural credit portrait (S24-S26).
-- Grain: one row per entity: its uscc, delivered or linked by name (register.links), else 'farm:' and
-- the operator's own number, a namespace of its own. Parameters: $rural_operator_types.
-- An entity listed under several numbers is shown by one of them, of a type of S24 first, then of one not stated, then
-- the lowest; nothing of two rows is mixed or added up.
WITH operators AS (
    SELECT
        *,
        CASE WHEN list_contains($rural_operator_types, operator_type) THEN '1'
            WHEN operator_type IS NULL THEN '2'
            ELSE '3'
        END || operator_id AS preference
    FROM feed.agriculture__operators
)
SELECT
    coalesce(operator.uscc, 'farm:' || operator.operator_id) AS uscc,
    arg_min(operator.operator_id, operator.preference) AS operator_id,
    arg_min_null(operator.operator_type, operator.preference) AS operator_type,
    arg_min_null(operator.sector, operator.preference) AS sector,
    arg_min_null(operator.transferred_area_mu, operator.preference) AS transferred_area_mu,
    arg_min_null(operator.contract_until, operator.preference) AS contract_until,
    arg_min_null(operator.purchase_orders, operator.preference) AS purchase_orders_yuan,
    arg_min_null(operator.insured_amount, operator.preference) AS insured_amount_yuan,
    arg_min_null(operator.insurance_year, operator.preference) AS insurance_year,
    arg_min_null(operator.name, operator.preference) AS farm_name
FROM operators AS operator
GROUP BY coalesce(operator.uscc, 'farm:' || operator.operator_id)
