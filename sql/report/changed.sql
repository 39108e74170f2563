-- Some of those who entered or left the list, or changed segment, score or grade: those whose causes are asked for.
-- Grain: one row per kind and entity, at most $most a kind. Parameters: $week, $since, $most.
-- Which ones does not depend on anything about them: by a digest of the code. `entities` = all of the kind.
WITH pairs AS (
    SELECT
        uscc,
        CASE
            WHEN was.uscc IS NULL THEN 'entered'
            WHEN fresh.uscc IS NULL THEN 'left'
            WHEN (was.segment, was.score, was.grade) IS DISTINCT FROM (fresh.segment, fresh.score, fresh.grade) THEN 'moved'
        END AS kind,
        list_filter([
            struct_pack(week := fresh.week, rank := fresh.rank, segment := fresh.segment, score := fresh.score, grade := fresh.grade),
            struct_pack(week := was.week, rank := was.rank, segment := was.segment, score := was.score, grade := was.grade)
        ], lambda one: one.week IS NOT NULL) AS listings
    FROM (FROM out.target_list WHERE week = $since AND NOT is_holdout) AS was
    FULL JOIN (FROM out.target_list WHERE week = $week AND NOT is_holdout) AS fresh USING (uscc)
)
SELECT kind, uscc, listings, count(*) OVER (PARTITION BY kind) AS entities
FROM pairs
WHERE kind IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY kind ORDER BY md5(uscc)) <= $most
ORDER BY kind, md5(uscc)
