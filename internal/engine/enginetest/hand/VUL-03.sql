-- VUL-03, written from its definition by hand: which vulnerabilities whose deadline lay between
-- 1 July 2025 and 30 June 2026 (New York) were neither fixed by it nor excepted before it?
WITH seen AS (
    SELECT v.*, timezone('America/New_York', timestamptz 'epoch' + v.first_seen_at * interval '1 microsecond')::date AS day
    FROM vulnerabilities v
), rated AS ( -- the deadline of the first rating, and that of the present one
    SELECT s.*, s.day + CASE coalesce(s.first_severity, s.severity)
                   WHEN 'critical' THEN 7 WHEN 'high' THEN 30 WHEN 'medium' THEN 90 WHEN 'low' THEN 180 END AS first_due,
           s.day + CASE s.severity WHEN 'critical' THEN 7 WHEN 'high' THEN 30 WHEN 'medium' THEN 90 WHEN 'low' THEN 180 END AS last_due
    FROM seen s
), approved AS ( -- another rating counts when somebody approved it, with a reason, before the first deadline
    SELECT r.*, coalesce(r.rerate_approved_by, '') <> '' AND coalesce(r.rerate_reason, '') <> '' AND r.rerate_approved_at IS NOT NULL
                AND timestamptz 'epoch' + r.rerate_approved_at * interval '1 microsecond'
                    < (r.first_due + 1)::timestamp AT TIME ZONE 'America/New_York' AS rerated
    FROM rated r
), dated AS (
    SELECT a.vulnerability_id, a.waiver_id, a.asset, a.resolution,
           coalesce(timestamptz 'epoch' + a.fixed_at * interval '1 microsecond', 'infinity') AS fixed,
           CASE WHEN a.rerated THEN a.last_due WHEN a.rerated IS FALSE THEN a.first_due END AS due_day
    FROM approved a
), due AS (
    SELECT d.*, (d.due_day + 1)::timestamp AT TIME ZONE 'America/New_York' AS deadline
    FROM dated d
    WHERE (d.due_day BETWEEN '2025-07-01' AND '2026-06-30') IS NOT FALSE
), exceptions AS ( -- each exception as it looks from each vulnerability
    SELECT u.vulnerability_id, w.waiver_id, w.renewal_of, e.expires,
           timestamptz 'epoch' + w.approved_at * interval '1 microsecond' AS approved,
           timestamptz 'epoch' + w.starts_at * interval '1 microsecond' AS starts,
           coalesce(w.control, '') IN ('', 'VUL-03') AND (coalesce(w.asset, '') = '' OR w.asset = u.asset) AND w.approved_by <> '' AS fits,
           -- to the fix, to the end of the period, or as long as anybody knows
           u.fixed <= e.expires OR e.expires >= least(timestamptz 'epoch' + @known_at@ * interval '1 microsecond',
               timestamp '2026-07-01' AT TIME ZONE 'America/New_York') AS holds
    FROM due u
    CROSS JOIN waivers w
    CROSS JOIN LATERAL (SELECT coalesce(timestamptz 'epoch' + w.expires_at * interval '1 microsecond', 'infinity') AS expires) AS e
), judged AS (
    SELECT u.vulnerability_id, u.due_day, u.fixed < u.deadline OR (
               coalesce(u.resolution, '') = 'retired' AND (
                   SELECT CASE WHEN bool_or(g.gone) THEN true WHEN bool_or(g.gone IS NULL) THEN NULL ELSE false END
                   FROM (
                       SELECT coalesce(timestamptz 'epoch' + t.retired_at * interval '1 microsecond', 'infinity') < u.deadline AS gone
                       FROM assets t WHERE t.asset = u.asset) AS g)) OR (
               SELECT CASE WHEN bool_or(m.covers) THEN true WHEN bool_or(m.covers IS NULL) THEN NULL ELSE false END
               FROM (
                   SELECT x.fits AND x.approved < u.deadline AND coalesce(x.starts < u.deadline, true)
                          AND (x.holds OR (
                              -- renewed once, before it ends
                              SELECT CASE WHEN bool_or(n.covers) THEN true WHEN bool_or(n.covers IS NULL) THEN NULL ELSE false END
                              FROM (
                                  SELECT y.fits AND y.holds AND y.approved <= x.expires AND coalesce(y.starts <= x.expires, true) AS covers
                                  FROM exceptions y WHERE y.vulnerability_id = u.vulnerability_id AND y.renewal_of = x.waiver_id) AS n)) AS covers
                   FROM exceptions x
                   WHERE x.vulnerability_id = u.vulnerability_id AND x.waiver_id = u.waiver_id AND u.waiver_id <> '') AS m) AS met
    FROM due u
    -- A deadline that has not come yet is nobody's deviation.
    WHERE (u.deadline <= timestamptz 'epoch' + @known_at@ * interval '1 microsecond') IS NOT FALSE
)
SELECT vulnerability_id AS item_key,
       CASE WHEN due_day IS NOT NULL AND met IS FALSE THEN 'deviation' ELSE 'undecided' END AS verdict,
       'A' AS attributes
FROM judged
WHERE due_day IS NULL OR met IS NOT TRUE
