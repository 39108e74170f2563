-- Who must not be approached at as-of, and why: refused marketing, complained, on a blacklist, or already being dealt with.
-- Grain: one row per entry in force, and per entity and reason the latest refusal told in a contact. Clause: S29, PIPL 24.
-- Parameters: $as_of.
-- A refusal told in a contact counts from then on without end, unless the register has one of its own that covers that
-- day: its first and last day are then those of the register, so that the bank can end what a contact began.
--
-- Whatever the spelling: words are heard as a reason when, blanks and signs left out, a pattern of `heard` is in them; they may
-- be heard as several. In doubt it is a refusal: 婉拒, 拒绝贷款, 拒绝接听, 营销被拒绝, 撤诉 and 投诉已处理 keep off too, until the
-- register ends it. Left out first is what only looks so, where nothing stands between its words: a denial (未拒绝, 没有投诉,
-- 不在黑名单; not 不得不拒绝) and the bank's own refusal (审批拒绝, 风控拒绝, 申请被拒绝). No interest (无意向, 不需要) refuses no marketing. A word
-- that means something else here is mapped by the lookups of schemas/feeds/crm__contacts.yml, as 拒接 to 未接通.
-- What an individual business said also holds for the firm it was converted to (个转企, S05): the same people answer the telephone.
-- (Not materialized: `explain` asks for one entity, and only its own words are to be read.)
WITH said AS NOT MATERIALIZED (
    SELECT uscc, result AS words, contacted_at, CAST(NULL AS DATE) AS from_on, CAST(NULL AS DATE) AS until_on, file_id, row_no
    FROM feed.crm__contacts
    WHERE contacted_at < CAST($as_of AS DATE) + 1
    UNION ALL
    SELECT uscc, reason, NULL, from_on, until_on, file_id, row_no
    FROM feed.crm__suppressions
    WHERE coalesce(from_on <= $as_of, TRUE)
),
worded AS NOT MATERIALIZED (
    FROM said
    UNION ALL
    SELECT said.* REPLACE (firm.uscc AS uscc)
    FROM said JOIN feed.registry__entities AS firm ON firm.predecessor_uscc = said.uscc
    WHERE firm.uscc <> said.uscc
),
denied AS NOT MATERIALIZED (
    SELECT * REPLACE (
        regexp_replace(
            words,
            '(^|[^得能])(未|没有?|无|不|非)(曾|再|被|遭|是|会|说|明确|表示|直接)*(拒绝|婉拒|谢绝|回绝|投诉|举报)'
            || '|(未|没有?|不|非)(被|是|在|属于|列入|进入)*黑名单|(审批|风控)(已|被|遭)*拒绝|申请已?(被|遭)拒绝',
            '\1',
            'g'
        ) AS words
    )
    FROM worded
),
affirmed AS NOT MATERIALIZED (
    SELECT * REPLACE (regexp_replace(words, '[\p{P}\p{S}\p{Z}\p{C}]', '', 'g') AS words) FROM denied
),
heard AS NOT MATERIALIZED (
    SELECT
        * EXCLUDE (words),
        unnest([
            CASE WHEN regexp_matches(words, '投诉|举报|撤诉') THEN '投诉' END,
            CASE WHEN contains(words, '黑名单') THEN '黑名单' END,
            CASE
                WHEN regexp_matches(
                    words,
                    '拒绝|拒絕|婉拒|谢绝|回绝|拒访|拒不|拉黑|退订|勿扰|免打扰|撤回(同意|授权)'
                    || '|(不要|不用|不必|不得|不允许|无需|勿|不准|不许|停止|禁止|(^|[^分特个级区])别)(再|给|我|来|继续)*'
                    || '(打|拨打|致电|来电|联系|骚扰|推销|营销|推送|发短信|发信息)'
                    || '|不接(营销|推销)|不(再|想|愿意?|希望|接受|接收|同意)(再|被|继续|接到|接收|接受|收到|任何|贵行|银行)*'
                    || '(打电话|电话|致电|来电|联系|打扰|骚扰|推销|营销|推送)'
                ) THEN '拒绝营销'
            END
        ]) AS reason
    FROM affirmed
),
told AS (
    SELECT uscc, reason, CAST(contacted_at AS DATE) AS from_on, until_on, file_id, row_no
    FROM heard
    WHERE contacted_at IS NOT NULL AND reason IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY uscc, reason ORDER BY contacted_at DESC, file_id, row_no) = 1
)
SELECT uscc, words AS reason, from_on, until_on, file_id, row_no FROM worded
WHERE contacted_at IS NULL AND coalesce(until_on >= $as_of, TRUE)
UNION ALL
SELECT * FROM told
WHERE NOT EXISTS (
    SELECT 1
    FROM heard AS entry
    WHERE entry.contacted_at IS NULL
        AND entry.uscc = told.uscc
        AND entry.reason = told.reason
        AND coalesce(entry.until_on >= told.from_on, TRUE)
)
ORDER BY uscc, reason, from_on, file_id, row_no
