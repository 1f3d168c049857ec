-- Which posts have content here, from what id on? Their own rows, copies inside other posts, and what could not be read.
-- X's ids are numbers; they are taken in their order, a job's worth at a time.
WITH messages AS (
  SELECT id, payload AS message, CAST(NULL AS STRING) AS unread FROM tweet_versions WHERE source != 'doctor'
  UNION ALL
  SELECT id, SAFE.PARSE_JSON(payload), IF(SAFE.PARSE_JSON(payload) IS NULL, payload, NULL) FROM archive WHERE source != 'doctor'
),
stored AS (
  SELECT id FROM messages
  UNION DISTINCT
  SELECT JSON_VALUE(carried, '$.id')
  FROM messages
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    IFNULL(JSON_QUERY_ARRAY(message, '$.includes.tweets'), []), IFNULL(JSON_QUERY_ARRAY(message, '$.includes.posts'), [])
  )) AS carried
  UNION DISTINCT
  -- a retweet says its original's words, even where X left the original out
  SELECT JSON_VALUE(reference, '$.id')
  FROM messages
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    IFNULL(JSON_QUERY_ARRAY(message, '$.data.referenced_tweets'), []), IFNULL(JSON_QUERY_ARRAY(message, '$.data.referenced_posts'), [])
  )) AS reference
  WHERE JSON_VALUE(reference, '$.type') IN ('retweeted', 'reposted')
  UNION DISTINCT
  SELECT mentioned FROM messages CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(unread, r'[0-9]{5,19}')) AS mentioned
  UNION DISTINCT
  SELECT mentioned
  FROM rejected
  CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(SAFE_CONVERT_BYTES_TO_STRING(data), r'"id\\*"\s*:\s*\\*"?([0-9]{5,19})')) AS mentioned
)
SELECT id
FROM stored
WHERE
  SAFE_CAST(id AS INT64) > SAFE_CAST(@after_id AS INT64)
  AND NOT EXISTS (SELECT 1 FROM deletions AS d WHERE d.id = stored.id AND d.reason != 'scrub_geo')
ORDER BY SAFE_CAST(id AS INT64)
LIMIT @most
