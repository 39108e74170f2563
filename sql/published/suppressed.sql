-- Who must not be approached at as-of: refused marketing, complained, on a blacklist, or already being dealt with.
-- Grain: uscc. Clause: S29, PIPL 24. Parameters: $as_of.
-- A refusal told in a contact counts from then on without end, unless the register has one of its own that covers that
-- day: its first and last day are then those of the register, so that the bank can end what a contact began.
SELECT uscc
FROM feed.crm__suppressions
WHERE coalesce(from_on <= $as_of, TRUE)
    AND coalesce(until_on >= $as_of, TRUE)
UNION
SELECT contact.uscc
FROM feed.crm__contacts AS contact
WHERE contact.result = '拒绝营销'
    AND contact.contacted_at < $as_of + 1
    AND NOT EXISTS (
        SELECT 1
        FROM feed.crm__suppressions AS own
        WHERE own.uscc = contact.uscc
            AND own.reason = contact.result
            AND coalesce(own.from_on <= $as_of, TRUE)
            AND coalesce(own.until_on >= CAST(contact.contacted_at AS DATE), TRUE)
    )
ORDER BY uscc
