-- Candidates, second pass, for what the names alone did not settle: those of the first pass, and who shares a street and
-- number, or a rare pair of characters at the beginning of the name in one county.
-- Grain: one row per source and entity. Parameters: $shortest_name, $largest_block.
-- Another town is no place for a name that only resembles: by the weights of linking.yml it could not even be a question.
-- A clue that more than $largest_block entities share is none: the pairs grow with the accounts and not with the register.
WITH places AS (SELECT unnest(range(1, 4)) AS place),
source_clues AS (
    SELECT id, town, hash(name_plain) AS name, county || road_no AS clue FROM register.unsettled
    WHERE road_no <> '' AND county <> '' AND length(core) >= $shortest_name
    UNION
    SELECT id, town, hash(name_plain), county || '|' || substr(core, CAST(place AS INTEGER), 2)
    FROM register.unsettled, places
    WHERE county <> '' AND length(core) >= greatest(place + 1, $shortest_name)
),
wanted AS (SELECT DISTINCT clue FROM source_clues),
entity_clues AS (
    SELECT id, town, name, clue
    FROM (
        SELECT id, town, hash(name_plain) AS name, county || road_no AS clue FROM register.known WHERE road_no <> ''
        UNION ALL
        SELECT id, town, hash(name_plain), county || '|' || substr(core, CAST(place AS INTEGER), 2)
        FROM register.known, places
        WHERE county <> '' AND length(core) >= place + 1
    )
    SEMI JOIN wanted USING (clue)
),
telling AS (SELECT clue FROM entity_clues GROUP BY clue HAVING count(DISTINCT id) <= $largest_block)
SELECT source.id, entity.id AS uscc
FROM source_clues AS source
JOIN telling USING (clue)
JOIN entity_clues AS entity USING (clue)
ANTI JOIN register.rejected AS rejected ON rejected.id = source.id AND rejected.uscc = entity.id
WHERE may_be_one(source.town, entity.town) OR source.name = entity.name
UNION
SELECT id, uscc
FROM register.named_pairs
