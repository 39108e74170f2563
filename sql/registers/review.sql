-- What a person should look at: accounts and farms whose best candidate is likely but not sure, with their candidates.
-- Grain: one row per source and candidate, the surest questions first.
SELECT source.source_feed, source.id AS source_id, source.account_no, source.name AS source_name,
    source.address AS source_address, judged.place AS candidate_no, judged.uscc, entity.name AS entity_name,
    entity.address AS entity_address, judged.score, judged.evidence, judged.is_ambiguous
FROM register.judged AS judged
JOIN register.sources AS source ON source.id = judged.id
JOIN feed.registry__entities AS entity ON entity.uscc = judged.uscc
WHERE NOT judged.is_closed AND judged.id NOT IN (SELECT source_id FROM register.links_now)
ORDER BY max(judged.score) OVER (PARTITION BY source.source_feed, source.id) DESC, source.source_feed, source.id, judged.place
