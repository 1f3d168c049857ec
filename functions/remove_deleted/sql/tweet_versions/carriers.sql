-- Which rows stay, and carry what may not: a copy of a deleted post, or the location of one that has lost it?
WITH told AS (
  SELECT id, LOGICAL_OR(reason != 'scrub_geo') AS gone FROM deletions GROUP BY id
),
hits AS (
  SELECT v.id, v.loaded_at, t.id AS told_id, t.gone
  FROM tweet_versions AS v
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    COALESCE(JSON_QUERY_ARRAY(v.payload, '$.includes.tweets'), []), COALESCE(JSON_QUERY_ARRAY(v.payload, '$.includes.posts'), [])
  )) AS carried
  JOIN told AS t ON t.id = JSON_VALUE(carried, '$.id')
  WHERE t.gone OR COALESCE(JSON_VALUE(carried, '$.geo.place_id'), JSON_VALUE(carried, '$.geo.coordinates.type')) IS NOT NULL
  UNION DISTINCT
  SELECT v.id, v.loaded_at, t.id, FALSE
  FROM tweet_versions AS v
  JOIN told AS t ON t.id = v.id
  WHERE
    v.tweet_location IS NOT NULL OR v.country_code IS NOT NULL OR v.longitude IS NOT NULL
    OR COALESCE(JSON_VALUE(v.payload, '$.data.geo.place_id'), JSON_VALUE(v.payload, '$.data.geo.coordinates.type')) IS NOT NULL
),
carriers AS (
  SELECT
    id,
    loaded_at,
    ARRAY_AGG(IF(gone, told_id, NULL) IGNORE NULLS) AS gone,
    ARRAY_AGG(IF(gone, NULL, told_id) IGNORE NULLS) AS unplaced
  FROM hits
  GROUP BY id, loaded_at
)
SELECT
  v.id,
  v.loaded_at,
  v.created_at AS part,
  v.loaded_at >= @before AS fresh,
  v.payload,
  v.tweet_location IS NOT NULL OR v.country_code IS NOT NULL OR v.longitude IS NOT NULL AS located,
  c.gone,
  c.unplaced
FROM tweet_versions AS v
JOIN carriers AS c ON c.id = v.id AND c.loaded_at = v.loaded_at
WHERE v.id NOT IN (SELECT id FROM told WHERE gone)
ORDER BY v.created_at
