-- What an entity goes by besides its registration: former names, its earlier and later self, ids and accounts that are it.
-- Grain: one row per entity that has any of it. Parameters: $as_of.
-- Loans of the earlier self are shown and not counted (S09): another legal person took them, and the record names that one.
WITH former AS (
    SELECT uscc, list(DISTINCT name ORDER BY name) AS former_names
    FROM register.names
    WHERE is_former
    GROUP BY uscc
),
successors AS (
    SELECT predecessor_uscc AS uscc, list(DISTINCT uscc ORDER BY uscc) AS successor_usccs
    FROM feed.registry__entities
    WHERE predecessor_uscc IS NOT NULL
    GROUP BY predecessor_uscc
),
earlier_loans AS (
    SELECT entity.uscc, count(*) AS predecessor_loans
    FROM feed.registry__entities AS entity JOIN feed.credit__loans AS loan ON loan.uscc = entity.predecessor_uscc
    WHERE coalesce(loan.granted_on <= $as_of, TRUE)
    GROUP BY entity.uscc
),
linked AS (
    SELECT uscc,
        list(DISTINCT if(source_feed = 'agriculture__operators' AND NOT starts_with(source_id, 'legacy:'), 'farm:', '') || source_id
             ORDER BY 1) FILTER (NOT starts_with(source_id, 'account:')) AS merged_ids,
        count(*) FILTER (starts_with(source_id, 'account:')) AS linked_accounts
    FROM register.links_now
    GROUP BY uscc
)
SELECT uscc, former_names, successor_usccs, predecessor_loans, merged_ids, linked_accounts
FROM former FULL JOIN successors USING (uscc) FULL JOIN earlier_loans USING (uscc) FULL JOIN linked USING (uscc)
ORDER BY uscc
