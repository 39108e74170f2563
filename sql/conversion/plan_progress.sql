-- Where each target of the plan stands at as-of (S12-S31, S51): `out.plan_progress`.
-- Grain: one row per target. Parameters: $as_of.
-- Reads plan.targets: target, year, clause, title_zh, unit, measure, segments, value (parameters/targets_*.yml).
--
-- The year is the target's own, up to as-of or its end: where no later targets exist, it stays as it ended. A line counts
-- every entity whose segments (when first published) meet the target's, so lines overlap; a target without segments counts the house, each entity once. A first loan is ours only when no other lender
-- came first (out.conversions: disbursed). A site is covered when its station is open and a tenant of it was contacted.
-- The rate per entity published (S13) is noted with what it is per contacted and per applied.
-- actual_value is NULL where nothing can be measured: no site feed, or a rate over nobody.
WITH calendar AS (
    SELECT
        year,
        make_date(year, 1, 1) AS begins,
        make_date(year + 1, 1, 1) AS next_begins,
        least($as_of, next_begins - 1) AS ends,
        (least($as_of, next_begins) - begins) / (next_begins - begins) AS elapsed
    FROM (SELECT DISTINCT year FROM plan.targets)
),
lines AS (
    SELECT target.target, calendar.begins, calendar.ends, entity.*
    FROM plan.targets AS target
    JOIN calendar USING (year)
    JOIN out.conversions AS entity
        ON len(coalesce(target.segments, [])) = 0 OR list_has_any(entity.segments, target.segments)
),
followed AS (
    SELECT
        *,
        first_published_on BETWEEN begins AND ends AS is_published,
        is_published AND contacted_on <= ends AS is_contacted,
        is_published AND applied_on <= ends AS is_applied,
        outcome = 'disbursed' AND disbursed_on <= ends AS is_disbursed
    FROM lines
),
entity_counts AS (
    SELECT
        target,
        count(*) FILTER (is_published) AS published,
        count(*) FILTER (is_published AND is_disbursed) AS published_disbursed,
        count(*) FILTER (is_contacted) AS contacted,
        count(*) FILTER (is_contacted AND is_disbursed) AS contacted_disbursed,
        count(*) FILTER (is_applied) AS applied,
        count(*) FILTER (is_applied AND is_disbursed) AS applied_disbursed,
        count(*) FILTER (is_disbursed AND disbursed_on >= begins) AS first_loans
    FROM followed
    GROUP BY target
),
application_counts AS (
    SELECT
        lines.target,
        count(*) AS applications,
        count(*) FILTER (paid_on <= ends) AS disbursed,
        count(DISTINCT uscc) AS applicants,
        count(DISTINCT uscc) FILTER (paid_on <= ends) AS disbursed_applicants
    FROM lines
    JOIN feed.crm__applications AS application USING (uscc)
    LEFT JOIN (
        SELECT application_no, min(disbursed_on) AS paid_on FROM feed.crm__disbursements GROUP BY application_no
    ) AS loan USING (application_no)
    WHERE application.applied_on BETWEEN greatest(lines.first_published_on, lines.begins) AND lines.ends
    GROUP BY lines.target
),
stations AS (
    SELECT
        year,
        site.site_kind,
        site.site_id,
        bool_or(site.opened_on <= ends) AND coalesce(bool_or(contact.contacted_on <= ends), FALSE) AS is_covered
    FROM feed.sites__tenants AS site
    LEFT JOIN (
        SELECT uscc, CAST(min(contacted_at) AS DATE) AS contacted_on FROM feed.crm__contacts GROUP BY uscc
    ) AS contact USING (uscc),
    calendar
    GROUP BY year, site.site_kind, site.site_id
),
site_counts AS (
    SELECT
        year,
        count(*) AS sites,
        count(*) FILTER (is_covered AND site_kind = '园区') AS parks,
        count(*) FILTER (is_covered AND site_kind = '商圈') AS districts
    FROM stations
    GROUP BY year
),
counted AS (
    SELECT
        target.*,
        calendar.elapsed,
        format('{}年', year) AS in_year,
        target.unit = 'pct' AS is_rate,
        coalesce(published, 0) AS published,
        coalesce(published_disbursed, 0) AS published_disbursed,
        format('触达 {} 户中 {} 户，申请 {} 户中 {} 户', coalesce(contacted, 0), coalesce(contacted_disbursed, 0),
            coalesce(applied, 0), coalesce(applied_disbursed, 0)) AS per_stage,
        coalesce(applications, 0) AS applications,
        coalesce(application_counts.disbursed, 0) AS disbursed,
        format('{} 户申请，{} 户放款', coalesce(applicants, 0), coalesce(disbursed_applicants, 0)) AS per_entity,
        CASE measure
            WHEN 'published_entities' THEN coalesce(published, 0)
            WHEN 'first_loans_per_published_entity' THEN 100.0 * published_disbursed / nullif(published, 0)
            WHEN 'first_loans' THEN coalesce(first_loans, 0)
            WHEN 'covered_parks' THEN if(sites > 0, parks, NULL)
            WHEN 'covered_districts' THEN if(sites > 0, districts, NULL)
            WHEN 'applications' THEN coalesce(applications, 0)
            WHEN 'disbursed_per_application' THEN 100.0 * application_counts.disbursed / nullif(applications, 0)
            ELSE error('plan.targets: measure ' || measure || ' is not known; see sql/conversion/plan_progress.sql')
        END AS actual
    FROM plan.targets AS target
    JOIN calendar USING (year)
    LEFT JOIN entity_counts USING (target)
    LEFT JOIN application_counts USING (target)
    LEFT JOIN site_counts USING (year)
)
SELECT
    $as_of AS as_of,
    target,
    clause,
    title_zh,
    CASE unit
        WHEN 'entities' THEN '户' WHEN 'sites' THEN '个' WHEN 'applications' THEN '笔' WHEN 'pct' THEN '%' ELSE unit
    END AS unit,
    CAST(value AS DECIMAL(18, 2)) AS target_value,
    CAST(actual AS DECIMAL(18, 2)) AS actual_value,
    round(100.0 * actual / nullif(CAST(value AS DOUBLE), 0), 2) AS share_pct,
    round(100.0 * elapsed, 2) AS pace_pct,
    CAST(if(is_rate, actual, actual / nullif(elapsed, 0)) AS DECIMAL(18, 2)) AS projection,
    if(is_rate, actual >= value, actual >= value * elapsed) AS is_on_pace,
    CASE
        WHEN measure = 'first_loans_per_published_entity'
            THEN format('{} 户入选，其中 {} 户首贷；{}', published, published_disbursed, per_stage)
        WHEN measure = 'disbursed_per_application'
            THEN format('{} 笔申请，其中 {} 笔放款；{}', applications, disbursed, per_entity)
        WHEN measure IN ('covered_parks', 'covered_districts') AND actual IS NULL THEN '无园区商圈数据，无法计算'
        WHEN measure IN ('covered_parks', 'covered_districts') THEN '服务站已启用且有触达记录'
        WHEN measure = 'published_entities' THEN in_year || '首次入选，按户去重'
        WHEN measure = 'applications' THEN '入选后的申请笔数；' || per_entity
        WHEN len(coalesce(segments, [])) = 0 THEN in_year || '首贷，各条线之间按户去重'
        ELSE in_year || '首贷；与其他条线可能重叠'
    END AS note
FROM counted
ORDER BY clause, target
