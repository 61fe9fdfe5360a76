-- VUL-03, written from its definition by hand: which vulnerabilities whose deadline lay between
-- 1 July 2025 and 30 June 2026 (New York) were neither fixed by it nor excepted before it?
WITH dated AS (
    SELECT v.vulnerability_id, v.waiver_id,
           coalesce(timestamptz 'epoch' + v.fixed_at * interval '1 microsecond', 'infinity') AS fixed,
           timezone('America/New_York', timestamptz 'epoch' + v.first_seen_at * interval '1 microsecond')::date
               + CASE v.severity WHEN 'critical' THEN 7 WHEN 'high' THEN 30 WHEN 'medium' THEN 90 WHEN 'low' THEN 180 END
               AS due_day
    FROM vulnerabilities v
), due AS (
    SELECT d.*, (d.due_day + 1)::timestamp AT TIME ZONE 'America/New_York' AS deadline
    FROM dated d
    WHERE (d.due_day BETWEEN '2025-07-01' AND '2026-06-30') IS NOT FALSE
), judged AS (
    SELECT u.vulnerability_id, u.due_day, u.fixed < u.deadline OR (
               SELECT CASE WHEN bool_or(m.covers) THEN true WHEN bool_or(m.covers IS NULL) THEN NULL ELSE false END
               FROM (
                   SELECT (coalesce(w.control, '') IN ('', 'VUL-03'))
                          AND timestamptz 'epoch' + w.approved_at * interval '1 microsecond' < u.deadline
                          AND x.expires >= u.deadline
                          AND (u.fixed <= x.expires
                               OR x.expires >= timestamptz 'epoch' + @known_at@ * interval '1 microsecond') AS covers
                   FROM waivers w
                   CROSS JOIN LATERAL (
                       SELECT coalesce(timestamptz 'epoch' + w.expires_at * interval '1 microsecond', 'infinity') AS expires) AS x
                   WHERE w.waiver_id = u.waiver_id AND u.waiver_id <> '') AS m) AS met
    FROM due u
    -- A deadline that has not come yet is nobody's deviation.
    WHERE (u.deadline <= timestamptz 'epoch' + @known_at@ * interval '1 microsecond') IS NOT FALSE
)
SELECT vulnerability_id AS item_key,
       CASE WHEN due_day IS NOT NULL AND met IS FALSE THEN 'deviation' ELSE 'undecided' END AS verdict,
       'A' AS attributes
FROM judged
WHERE due_day IS NULL OR met IS NOT TRUE
