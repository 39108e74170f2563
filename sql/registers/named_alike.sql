-- Candidates, first pass: the entities that bear the name of an account or farm, as written or in its core.
-- Grain: one row per source and entity. Parameters: $shortest_name, $largest_block.
-- A name that very many bear names nobody in particular, unless few bear it in the county where the account lies.
-- A core that several bear is no clue where the two are known to lie in different places: by the weights of linking.yml it
-- could not even be a question to a person.
WITH alike AS (
    SELECT source.id, entity.id AS uscc
    FROM register.sources AS source JOIN register.known AS entity ON source.core = entity.core
    WHERE length(source.core) >= $shortest_name AND entity.core_entities <= $largest_block
        AND (entity.core_entities = 1 OR '' IN (source.county, entity.county)
            OR (source.county IN (entity.county, entity.city) OR source.city = entity.county)
            AND may_be_one(source.town, entity.town))
    UNION
    SELECT source.id, entity.id
    FROM register.sources AS source JOIN register.known AS entity USING (county, core)
    WHERE length(source.core) >= $shortest_name AND source.county <> '' AND entity.core_nearby <= $largest_block
        AND (may_be_one(source.town, entity.town) OR source.name_plain = entity.name_plain)
    UNION
    SELECT source.id, entity.id
    FROM register.sources AS source JOIN register.known AS entity ON source.name_plain = entity.name_plain
    WHERE length(source.core) >= $shortest_name AND entity.core_entities <= $largest_block
)
SELECT id, uscc
FROM alike
ANTI JOIN register.rejected USING (id, uscc)
