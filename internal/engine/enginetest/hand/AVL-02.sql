-- AVL-02, written from its definition by hand: on which days between 1 July 2025 and 30 June 2026
-- (New York) did a store of customer data go without a backup, its reruns of 24 hours included?
WITH run AS (
    SELECT b.backup_id, b.system, b.status,
           timezone('America/New_York', timestamptz 'epoch' + b.scheduled_at * interval '1 microsecond')::date AS day,
           coalesce(b.finished_at, b.scheduled_at) + 24 * 3600 * bigint '1000000' AS last_call -- elapsed hours
    FROM backups b
    WHERE coalesce(b.rerun_of, '') = ''
), attempt AS (
    SELECT system, day, status = 'succeeded' AS ok FROM run
    UNION ALL
    -- While its 24 hours last, a rerun may still come.
    SELECT system, day, NULL FROM run WHERE last_call > @known_at@
    UNION ALL
    -- A rerun counts for the day of the run it repeats; one that never finished cannot help.
    SELECT r.system, r.day,
           again.status = 'succeeded' AND again.finished_at IS NOT NULL AND again.finished_at <= r.last_call
    FROM run r
    JOIN backups again ON again.rerun_of = r.backup_id AND again.system = r.system
    UNION ALL
    -- So does the rerun of a rerun.
    SELECT r.system, r.day,
           third.status = 'succeeded' AND third.finished_at IS NOT NULL AND third.finished_at <= r.last_call
    FROM run r
    JOIN backups again ON again.rerun_of = r.backup_id AND again.system = r.system
    JOIN backups third ON third.rerun_of = again.backup_id AND third.system = r.system
), outcome AS (
    SELECT system, day, bool_or(ok) AS fine, bool_or(ok IS NULL) AS perhaps
    FROM attempt
    GROUP BY system, day
), instance AS (
    SELECT s.system, g::date AS day, s.in_scope = 1 AND s.stores_customer_data = 1 AS ours
    FROM systems s
    CROSS JOIN generate_series(timestamp '2025-07-01', timestamp '2026-06-30', interval '1 day') AS g
    WHERE (s.in_scope = 1 AND s.stores_customer_data = 1) IS NOT FALSE
      -- On the day that is still running a backup may still come.
      AND timezone('America/New_York', g + interval '1 day') <= timestamptz 'epoch' + @known_at@ * interval '1 microsecond'
)
SELECT i.system || '/' || to_char(i.day, 'YYYY-MM-DD') AS item_key,
       CASE WHEN i.ours IS NULL OR o.perhaps THEN 'undecided' ELSE 'deviation' END AS verdict,
       'A' AS attributes
FROM instance i
LEFT JOIN outcome o ON o.system = i.system AND o.day = i.day
WHERE i.ours IS NULL OR o.fine IS NOT TRUE
