-- IAM-02, written from its definition by hand: whose access on which in-scope system outlived
-- their employment, for employments that ended between 1 July 2025 and 30 June 2026?
WITH leavers AS (
    SELECT w.employment_id, w.end_kind, p.person, o.stays,
           CASE WHEN w.ended_at IS NOT NULL
                THEN timestamptz 'epoch' + w.ended_at * interval '1 microsecond'
                -- the midnight that closes the last day in service, New York time
                ELSE (date '1970-01-01' + w.ended_on::int + 1)::timestamp AT TIME ZONE 'America/New_York'
           END AS gone,
           -- the morning of the first day of a later employment of the same person
           coalesce((SELECT min((date '1970-01-01' + n.started_on::int)::timestamp AT TIME ZONE 'America/New_York')
                     FROM people n
                     JOIN persons np ON np.login = n.person_id
                     WHERE np.person = p.person AND date '1970-01-01' + n.started_on::int > d.last_day), 'infinity') AS back
    FROM people w
    JOIN persons p ON p.login = w.person_id -- nobody knows the accounts of a person nobody knows
    CROSS JOIN LATERAL (
        SELECT coalesce(date '1970-01-01' + w.ended_on::int,
                        timezone('America/New_York', timestamptz 'epoch' + w.ended_at * interval '1 microsecond')::date) AS last_day) AS d
    -- whether another employment began by the last day and goes on after it
    CROSS JOIN LATERAL (
        SELECT CASE WHEN bool_or(k.stays) THEN true WHEN bool_or(k.stays IS NULL) THEN NULL ELSE false END AS stays
        FROM (SELECT date '1970-01-01' + n.started_on::int <= d.last_day
                     AND coalesce(date '1970-01-01' + n.ended_on::int,
                                  timezone('America/New_York', timestamptz 'epoch' + n.ended_at * interval '1 microsecond')::date,
                                  'infinity') > d.last_day AS stays
              FROM people n JOIN persons np ON np.login = n.person_id WHERE np.person = p.person) AS k) AS o
    WHERE d.last_day BETWEEN '2025-07-01' AND '2026-06-30' AND o.stays IS NOT TRUE
), held AS (
    SELECT l.employment_id, l.end_kind, l.gone, l.back, l.stays, s.system, s.in_scope, a.account_id,
           coalesce(timestamptz 'epoch' + a.disabled_at * interval '1 microsecond', 'infinity') AS shut
    FROM leavers l
    JOIN persons p ON p.person = l.person
    JOIN accounts a ON a.person_id = p.login
    JOIN systems s ON s.system = a.system
    WHERE s.in_scope IS DISTINCT FROM 0
      -- until then the accounts may still be disabled in time
      AND l.gone + CASE WHEN l.end_kind = 'involuntary' THEN interval '0' ELSE interval '24 hours' END
          <= timestamptz 'epoch' + @known_at@ * interval '1 microsecond'
      AND (a.created_at IS NULL OR timestamptz 'epoch' + a.created_at * interval '1 microsecond' < l.back)
), pairs AS (
    SELECT h.employment_id, h.system, bool_and(h.stays) IS NULL AS perhaps_stays,
           bool_and(h.in_scope = 1) AS in_scope, -- one system's, so the same in every row
           max(h.shut) <= h.gone
               OR (h.end_kind = 'voluntary' AND max(h.shut) <= h.gone + interval '24 hours') AS shut_in_time,
           CASE WHEN bool_or(e.used) THEN true WHEN bool_or(e.perhaps) THEN NULL ELSE false END AS used_later
    FROM held h
    LEFT JOIN LATERAL (
        SELECT bool_or(q.late) AS used, bool_or(q.late IS NULL) AS perhaps
        FROM (SELECT v.action = 'sign_in'
                     AND timestamptz 'epoch' + v."at" * interval '1 microsecond' > h.gone
                     AND timestamptz 'epoch' + v."at" * interval '1 microsecond' < h.back AS late
              FROM account_events v WHERE v.account_id = h.account_id) AS q) AS e ON true
    GROUP BY h.employment_id, h.system, h.gone, h.end_kind
), marks AS (
    SELECT employment_id || '/' || system AS item_key,
           -- whoever perhaps stays did perhaps nothing wrong
           CASE WHEN perhaps_stays THEN '' ELSE concat(CASE WHEN NOT shut_in_time THEN 'A' END, CASE WHEN used_later THEN 'B' END) END AS bad,
           concat(CASE WHEN shut_in_time IS NULL OR perhaps_stays AND NOT shut_in_time THEN 'A' END,
                  CASE WHEN used_later IS NULL OR perhaps_stays AND used_later THEN 'B' END) AS open,
           in_scope
    FROM pairs
)
SELECT item_key,
       CASE WHEN in_scope AND bad <> '' THEN 'deviation' ELSE 'undecided' END AS verdict,
       CASE WHEN in_scope IS NULL THEN 'AB' WHEN bad <> '' THEN bad ELSE open END AS attributes
FROM marks
WHERE in_scope IS NULL OR bad <> '' OR open <> ''
