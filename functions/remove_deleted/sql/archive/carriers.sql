-- Which messages stay, and carry what may not: a copy of a deleted post, or the location of one that has lost it?
WITH told AS (
  SELECT id, LOGICAL_OR(reason != 'scrub_geo') AS gone FROM deletions GROUP BY id
),
messages AS (
  SELECT id, message_id, payload, SAFE.PARSE_JSON(payload) AS message FROM archive
),
hits AS (
  SELECT m.message_id, t.id AS told_id, t.gone
  FROM messages AS m
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    COALESCE(JSON_QUERY_ARRAY(m.message, '$.includes.tweets'), []), COALESCE(JSON_QUERY_ARRAY(m.message, '$.includes.posts'), [])
  )) AS carried
  JOIN told AS t ON t.id = JSON_VALUE(carried, '$.id')
  WHERE t.gone OR COALESCE(JSON_VALUE(carried, '$.geo.place_id'), JSON_VALUE(carried, '$.geo.coordinates.type')) IS NOT NULL
  UNION DISTINCT
  SELECT m.message_id, t.id, FALSE
  FROM messages AS m
  JOIN told AS t ON t.id = m.id
  WHERE COALESCE(JSON_VALUE(m.message, '$.data.geo.place_id'), JSON_VALUE(m.message, '$.data.geo.coordinates.type')) IS NOT NULL
  UNION DISTINCT
  -- a retweet says its original's words, and goes whole
  SELECT m.message_id, t.id, t.gone
  FROM messages AS m
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    COALESCE(JSON_QUERY_ARRAY(m.message, '$.data.referenced_tweets'), []),
    COALESCE(JSON_QUERY_ARRAY(m.message, '$.data.referenced_posts'), [])
  )) AS reference
  JOIN told AS t ON t.id = JSON_VALUE(reference, '$.id')
  WHERE t.gone AND JSON_VALUE(reference, '$.type') IN ('retweeted', 'reposted')
  UNION DISTINCT
  -- what is no post that can be read is known by the ids that it names, and goes whole
  SELECT m.message_id, t.id, t.gone
  FROM messages AS m
  CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(m.payload, r'[0-9]{17,19}')) AS mentioned
  JOIN told AS t ON t.id = mentioned
  WHERE JSON_VALUE(m.message, '$.data.id') IS NULL AND t.gone
),
carriers AS (
  SELECT
    message_id,
    ARRAY_AGG(IF(gone, told_id, NULL) IGNORE NULLS) AS gone,
    ARRAY_AGG(IF(gone, NULL, told_id) IGNORE NULLS) AS unplaced
  FROM hits
  GROUP BY message_id
)
SELECT v.id, v.message_id, v.received_at AS part, v.publish_time >= @before AS fresh, v.payload, c.gone, c.unplaced
FROM archive AS v
JOIN carriers AS c ON c.message_id = v.message_id
WHERE COALESCE(v.id, '') NOT IN (SELECT id FROM told WHERE gone)
ORDER BY v.received_at
