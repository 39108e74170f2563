-- The parties with their names and addresses taken apart, so that two spellings of one place or name have a part in common.
-- Grain: one row per party and name.
-- A party whose address is missing, or begins below the county, is placed by its name (锦溪县永宁镇双福种植园).
-- The place is written from the large to the small; each part may be missing.
WITH folded AS (
    SELECT *, name_plain(name) AS name_plain, name_core(name) AS whole_core,
        address_plain(coalesce(address, name)) AS own_place,
        if(regexp_matches(own_place, '^[^路街巷号0-9]{1,14}[县区市旗]'), '',
            regexp_extract(name_plain, '^[^路街巷号0-9]{1,14}?[县旗]')) || own_place AS place
    FROM register.parties
),
provinces AS (
    SELECT *, regexp_extract(place, '^[^市县区路街号0-9]{2,6}(省|自治区)') AS province,
        substr(place, 1 + length(province)) AS below_province
    FROM folded
),
cities AS (
    SELECT *, regexp_extract(below_province, '^([^市县区镇乡路街号0-9]{1,8}市|[^市县区镇乡路街号0-9]{2,10}(自治州|盟|地区))') AS city,
        substr(below_province, 1 + length(city)) AS below_city
    FROM provinces
),
counties AS (
    SELECT *, regexp_extract(below_city, '^[^县区市旗镇乡村路街号0-9]{1,10}(自治县|县|区|市|旗)') AS own_county,
        substr(below_city, 1 + length(own_county)) AS below_county
    FROM cities
),
towns AS (
    SELECT *, regexp_extract(below_county, '^[^镇乡村路街号0-9]{1,8}(镇|乡|街道)') AS town,
        if(address IS NULL, '', address_key(substr(below_county, 1 + length(town)))) AS address_key
    FROM counties
),
cores AS (
    SELECT *, without(without(without(without(whole_core, province), city), own_county), town) AS bare_core,
        regexp_extract(address_key, '^([^0-9]*)([0-9]*)', ['road', 'no']) AS door
    FROM towns
)
SELECT
    side, source_feed, id, name, address, account_no, is_former, is_closed, name_plain, city, town, address_key,
    if(length(bare_core) >= 2, bare_core, whole_core) AS core,
    coalesce(nullif(own_county, ''), city) AS county,
    if(door.no = '', '', door.road || door.no) AS road_no,
    door.road
FROM cores
