-- CHG-01, written from its definition by hand: which production changes released between
-- 1 July 2025 and 30 June 2026 (New York) lack an independent, current and timely approval,
-- passed tests or a ticket?
WITH released AS (
    SELECT c.change_id,
           coalesce(c.deployed_at, c.merged_at) AS released_at,
           nullif(c.environment, '') = 'production' AS in_production, -- unknown where the source does not say
           c.emergency = 1 AND coalesce(c.incident_id, '') <> '' AS declared_emergency,
           c.head_commit, c.ci_status, c.ticket,
           (SELECT p.person FROM persons p WHERE p.login = c.author) AS author,
           (SELECT p.person FROM persons p WHERE p.login = c.last_committer) AS last_committer
    FROM changes c
    WHERE (nullif(c.environment, '') = 'production') IS NOT FALSE
      AND timezone('America/New_York',
              timestamptz 'epoch' + coalesce(c.deployed_at, c.merged_at) * interval '1 microsecond')::date
          BETWEEN '2025-07-01' AND '2026-06-30'
      -- What is to be released later may still be approved. The company deploys nothing anew and takes nothing back.
      AND coalesce(c.deployed_at, c.merged_at) <= @known_at@
), opinions AS (
    -- Every review of such a change: is it an approval by an outsider, does it cover the released
    -- commit, was it in time? Each answer may be unknown.
    SELECT x.change_id,
           r.decision = 'approved' AND rp.person <> x.author AND rp.person <> x.last_committer AS outside,
           (r."commit" = x.head_commit AND r."commit" <> '') AS current,
           r.submitted_at <= x.released_at AS in_time
    FROM released x
    JOIN reviews r ON r.change_id = x.change_id
    LEFT JOIN persons rp ON rp.login = r.reviewer
), approval AS (
    SELECT change_id,
           bool_or(outside) AS a_yes, bool_or(outside IS NULL) AS a_maybe,
           bool_or(outside AND current) AS b_yes, bool_or((outside AND current) IS NULL) AS b_maybe,
           bool_or(outside AND in_time) AS c_yes, bool_or((outside AND in_time) IS NULL) AS c_maybe
    FROM opinions
    GROUP BY change_id
), answers AS (
    SELECT x.change_id, x.in_production, x.declared_emergency,
           CASE WHEN v.a_yes THEN 'ok' WHEN v.a_maybe THEN 'unknown' ELSE 'bad' END AS a,
           CASE WHEN v.b_yes THEN 'ok' WHEN v.b_maybe THEN 'unknown' ELSE 'bad' END AS b,
           CASE WHEN v.c_yes THEN 'ok' WHEN v.c_maybe THEN 'unknown' ELSE 'bad' END AS c,
           CASE x.ci_status = 'passed' WHEN true THEN 'ok' WHEN false THEN 'bad' ELSE 'unknown' END AS d,
           CASE x.ticket <> '' WHEN true THEN 'ok' WHEN false THEN 'bad' ELSE 'unknown' END AS e
    FROM released x
    LEFT JOIN approval v USING (change_id)
    -- A declared emergency with an incident belongs to CHG-03, wherever it was released: where the
    -- environment is missing, CHG-03 is what stays undecided.
    WHERE x.declared_emergency IS NOT TRUE
), letters AS (
    SELECT y.change_id, l.letter,
           CASE WHEN y.in_production IS NULL THEN 'unknown'
                WHEN l.said = 'bad' AND y.declared_emergency IS NULL THEN 'unknown'
                ELSE l.said END AS said
    FROM answers y
    CROSS JOIN LATERAL (VALUES
        ('A', y.a),
        -- B and C ask about an approval that satisfies A; without one there is nothing to ask.
        ('B', CASE y.a WHEN 'ok' THEN y.b WHEN 'unknown' THEN 'unknown' ELSE 'void' END),
        ('C', CASE y.a WHEN 'ok' THEN y.c WHEN 'unknown' THEN 'unknown' ELSE 'void' END),
        ('D', y.d),
        ('E', y.e)) AS l (letter, said)
)
SELECT change_id AS item_key,
       CASE WHEN bool_or(said = 'bad') THEN 'deviation' ELSE 'undecided' END AS verdict,
       coalesce(string_agg(letter, '' ORDER BY letter) FILTER (WHERE said = 'bad'),
                string_agg(letter, '' ORDER BY letter) FILTER (WHERE said = 'unknown')) AS attributes
FROM letters
GROUP BY change_id
HAVING bool_or(said IN ('bad', 'unknown'))
