-- Who deletes one version of an edited post deletes them all: the others go with it.
INSERT INTO deletions (id, chain_id, reason, event, `at`, copy_of)
WITH gone AS (
  SELECT id, reason, event
  FROM deletions
  WHERE reason != 'scrub_geo'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY `at` DESC, event) = 1
),
chains AS (
  SELECT by_id, CAST(MIN(SAFE_CAST(id AS INT64)) AS STRING) AS first_id FROM superseded GROUP BY by_id
),
members AS (
  SELECT by_id AS id, first_id FROM chains
  UNION DISTINCT
  SELECT s.id, c.first_id FROM superseded AS s JOIN chains AS c ON c.by_id = s.by_id
)
SELECT m.id, MIN(m.first_id), MIN(g.reason), MIN(g.event), @now, MIN(g.id)
FROM gone AS g
JOIN members AS named ON named.id = g.id
JOIN members AS m ON m.first_id = named.first_id
WHERE NOT EXISTS (SELECT 1 FROM gone AS other WHERE other.id = m.id)
GROUP BY m.id
