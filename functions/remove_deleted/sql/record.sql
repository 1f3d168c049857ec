-- These may not be kept: from now on the views do not show them. A post has one row a reason, however often X says so.
INSERT INTO deletions (id, chain_id, reason, event, `at`)
WITH answered AS (
  SELECT DISTINCT JSON_VALUE(one, '$.id') AS id, JSON_VALUE(one, '$.reason') AS reason
  FROM UNNEST(JSON_QUERY_ARRAY(@answers)) AS one
),
-- the first id of an edit history stands for all of it
chains AS (
  SELECT by_id, CAST(MIN(SAFE_CAST(id AS INT64)) AS STRING) AS first_id FROM superseded GROUP BY by_id
),
members AS (
  SELECT by_id AS id, first_id FROM chains
  UNION DISTINCT
  SELECT s.id, c.first_id FROM superseded AS s JOIN chains AS c ON c.by_id = s.by_id
),
first_of AS (
  SELECT id, CAST(MIN(SAFE_CAST(first_id AS INT64)) AS STRING) AS first_id FROM members GROUP BY id
)
SELECT a.id, COALESCE(f.first_id, a.id), a.reason, @event, @now
FROM answered AS a
LEFT JOIN first_of AS f ON f.id = a.id
WHERE
  NOT EXISTS (SELECT 1 FROM deletions AS d WHERE d.id = a.id AND d.reason = a.reason AND (a.reason != 'request' OR d.event = @event))
