-- Farm operators with the proofs of the rural credit portrait (S24-S26).
-- Grain: one row per entity: its uscc, delivered or linked by name (register.links), else 'farm:' and
-- the operator's own number, a namespace of its own.
-- An entity listed under several numbers is shown by the lowest one; nothing of two rows is mixed or added up.
SELECT
    coalesce(operator.uscc, 'farm:' || operator.operator_id) AS uscc,
    min(operator.operator_id) AS operator_id,
    arg_min_null(operator.operator_type, operator.operator_id) AS operator_type,
    arg_min_null(operator.sector, operator.operator_id) AS sector,
    arg_min_null(operator.transferred_area_mu, operator.operator_id) AS transferred_area_mu,
    arg_min_null(operator.contract_until, operator.operator_id) AS contract_until,
    arg_min_null(operator.purchase_orders, operator.operator_id) AS purchase_orders_yuan,
    arg_min_null(operator.insured_amount, operator.operator_id) AS insured_amount_yuan,
    arg_min_null(operator.insurance_year, operator.operator_id) AS insurance_year,
    arg_min_null(operator.name, operator.operator_id) AS farm_name
FROM feed.agriculture__operators AS operator
GROUP BY coalesce(operator.uscc, 'farm:' || operator.operator_id)
