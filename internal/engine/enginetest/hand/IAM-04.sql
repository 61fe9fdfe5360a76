-- IAM-04, written from its definition by hand: which quarterly access reviews, due 30 days after
-- the quarter and between 1 July 2025 and 30 June 2026, were missing, late or not whole?
-- Quarters, deadlines and business days come from PostgreSQL's own calendar, none from the data.
-- Business days are Monday to Friday; the company has given no list of holidays.
WITH quarter AS (
    SELECT q::date AS first_day,
           to_char(q, 'YYYY"-Q"Q') AS name,
           (q + interval '3 months')::date AS next_first,
           (q + interval '3 months')::date - 1 + 30 AS due_day
    FROM generate_series(timestamp '2024-01-01', timestamp '2026-10-01', interval '3 months') AS q
), instance AS (
    SELECT s.system, s.in_scope = 1 AS in_scope, q.name AS quarter,
           q.first_day::timestamp AT TIME ZONE 'America/New_York' AS opens,
           q.next_first::timestamp AT TIME ZONE 'America/New_York' AS closes,
           (q.due_day + 1)::timestamp AT TIME ZONE 'America/New_York' AS deadline
    FROM systems s
    CROSS JOIN quarter q
    WHERE s.in_scope IS DISTINCT FROM 0
      AND q.due_day BETWEEN '2025-07-01' AND '2026-06-30'
), done AS (
    SELECT r.review_id, r.system, r.quarter, r.listed, r.decided, r.removals, r.own_access_decided,
           timestamptz 'epoch' + r.listed_at * interval '1 microsecond' AS listed_at,
           coalesce(timestamptz 'epoch' + r.completed_at * interval '1 microsecond', 'infinity') AS completed_at,
           coalesce(timestamptz 'epoch' + r.removals_done_at * interval '1 microsecond', 'infinity') AS removed_at,
           timezone('America/New_York', timestamptz 'epoch' + r.completed_at * interval '1 microsecond')::date AS completed_on
    FROM access_reviews r
), timed AS (
    SELECT d.*,
           -- Five business days on from a weekday is the same weekday a week later; from a Saturday
           -- or a Sunday it is the Friday after. Removals have until the end of that day.
           coalesce((d.completed_on + 1 + CASE extract(isodow FROM d.completed_on)
                         WHEN 6 THEN 6 WHEN 7 THEN 5 ELSE 7 END::int)::timestamp
                    AT TIME ZONE 'America/New_York', 'infinity') AS removal_limit
    FROM done d
), answers AS (
    SELECT i.system, i.quarter, i.in_scope,
           count(t.review_id) > 0 AS reviewed,
           bool_or(t.listed_at >= i.opens AND t.listed_at < i.closes) AS a_yes,
           bool_or(t.review_id IS NOT NULL AND t.listed_at IS NULL) AS a_maybe,
           bool_or(t.decided = t.listed) AS b_yes,
           bool_or(t.review_id IS NOT NULL AND (t.decided = t.listed) IS NULL) AS b_maybe,
           bool_or(t.own_access_decided = 1) AS c_no,
           bool_or(t.review_id IS NOT NULL AND t.own_access_decided IS NULL) AS c_maybe,
           bool_or(t.completed_at < i.deadline) AS d_yes,
           -- the same questions of the reviews whose list was taken inside the quarter
           CASE WHEN bool_or(n.inside AND t.decided = t.listed) THEN true
                WHEN bool_or((n.inside AND t.decided = t.listed) IS NULL AND t.review_id IS NOT NULL) THEN NULL ELSE false END AS b_inside,
           CASE WHEN bool_or(n.inside AND t.decided = t.listed AND t.completed_at < i.deadline) THEN true
                WHEN bool_or((n.inside AND t.decided = t.listed AND t.completed_at < i.deadline) IS NULL AND t.review_id IS NOT NULL) THEN NULL ELSE false END AS whole,
           count(t.review_id) AS reviews,
           bool_or(t.removals > 0 AND t.completed_on IS NOT NULL) AS some_removed,
           bool_or(t.completed_on IS NOT NULL AND t.removals IS NULL) AS perhaps_removed,
           bool_or(t.removals > 0 AND t.completed_on IS NOT NULL AND n.over AND t.removed_at >= t.removal_limit) AS e_no,
           bool_or(t.completed_on IS NOT NULL AND (t.removals > 0 AND n.over AND t.removed_at >= t.removal_limit) IS NULL) AS e_maybe
    FROM instance i
    LEFT JOIN timed t ON t.system = i.system AND t.quarter = i.quarter
    CROSS JOIN LATERAL (SELECT t.listed_at >= i.opens AND t.listed_at < i.closes AS inside,
        t.removal_limit <= timestamptz 'epoch' + @known_at@ * interval '1 microsecond' AS over) AS n
    -- A review that is due later is still running.
    WHERE i.deadline <= timestamptz 'epoch' + @known_at@ * interval '1 microsecond'
    GROUP BY i.system, i.quarter, i.in_scope
), three AS (
    -- A, B and D as true, false or unknown: the halves of two reviews do not make a third.
    SELECT q.*, q.whole OR (NOT (q.a AND q.b) AND q.d_any) OR (q.reviews = 1 AND q.d_any) AS d
    FROM (
        SELECT y.*,
               y.b_inside OR (NOT y.a AND y.b_any) AS b
        FROM (
            SELECT z.*,
                   CASE WHEN z.a_yes THEN true WHEN z.a_maybe THEN NULL ELSE false END AS a,
                   CASE WHEN z.b_yes THEN true WHEN z.b_maybe THEN NULL ELSE false END AS b_any,
                   coalesce(z.d_yes, false) AS d_any
            FROM answers z) AS y) AS q
), letters AS (
    SELECT y.system || '/' || y.quarter AS item_key, l.letter,
           CASE WHEN y.in_scope IS NULL THEN '?' ELSE l.said END AS said
    FROM three y
    CROSS JOIN LATERAL (VALUES
        ('A', CASE WHEN y.a_yes THEN '+' WHEN y.a_maybe THEN '?' ELSE '-' END),
        ('B', CASE WHEN NOT y.reviewed THEN ' ' WHEN y.b THEN '+' WHEN y.b IS NULL THEN '?' ELSE '-' END),
        ('C', CASE WHEN NOT y.reviewed THEN ' ' WHEN y.c_no THEN '-' WHEN y.c_maybe THEN '?' ELSE '+' END),
        ('D', CASE WHEN y.d THEN '+' WHEN y.d IS NULL THEN '?' ELSE '-' END),
        ('E', CASE WHEN y.some_removed THEN CASE WHEN y.e_no THEN '-' WHEN y.e_maybe THEN '?' ELSE '+' END
                   WHEN y.perhaps_removed THEN '?' ELSE ' ' END)) AS l (letter, said)
)
SELECT item_key,
       CASE WHEN bool_or(said = '-') THEN 'deviation' ELSE 'undecided' END AS verdict,
       coalesce(string_agg(letter, '' ORDER BY letter) FILTER (WHERE said = '-'),
                string_agg(letter, '' ORDER BY letter) FILTER (WHERE said = '?')) AS attributes
FROM letters
GROUP BY item_key
HAVING bool_or(said IN ('-', '?'))
