-- Which posts have content here, after one id and up to another? Their own rows, copies inside other posts, and what cannot be read.
-- X's ids are numbers; they are taken in their order, a job's worth at a time.
WITH messages AS (
  SELECT id, payload AS message, CAST(NULL AS STRING) AS unread FROM tweet_versions WHERE COALESCE(source, '') != 'doctor'
  UNION ALL
  SELECT id, message, IF(JSON_VALUE(message, '$.data.id') IS NULL, payload, NULL)
  FROM (SELECT id, payload, SAFE.PARSE_JSON(payload) AS message FROM archive WHERE COALESCE(source, '') != 'doctor') AS archived
),
stored AS (
  SELECT id FROM messages
  UNION DISTINCT
  SELECT JSON_VALUE(carried, '$.id')
  FROM messages
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    COALESCE(JSON_QUERY_ARRAY(message, '$.includes.tweets'), []), COALESCE(JSON_QUERY_ARRAY(message, '$.includes.posts'), [])
  )) AS carried
  UNION DISTINCT
  -- a retweet says its original's words, even where X left the original out
  SELECT JSON_VALUE(reference, '$.id')
  FROM messages
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    COALESCE(JSON_QUERY_ARRAY(message, '$.data.referenced_tweets'), []), COALESCE(JSON_QUERY_ARRAY(message, '$.data.referenced_posts'), [])
  )) AS reference
  WHERE JSON_VALUE(reference, '$.type') IN ('retweeted', 'reposted')
  UNION DISTINCT
  -- shorter numbers may be anything: ids of posts have had 17 digits and more since 2011
  SELECT mentioned FROM messages CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(unread, r'[0-9]{17,19}')) AS mentioned
  UNION DISTINCT
  SELECT mentioned
  FROM rejected
  CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(SAFE_CONVERT_BYTES_TO_STRING(data), r'[0-9]{17,19}')) AS mentioned
)
SELECT id
FROM stored
WHERE
  SAFE_CAST(id AS INT64) > SAFE_CAST(@after_id AS INT64)
  AND SAFE_CAST(id AS INT64) <= SAFE_CAST(@to_id AS INT64)
  AND NOT EXISTS (SELECT 1 FROM deletions AS d WHERE d.id = stored.id AND d.reason != 'scrub_geo')
ORDER BY SAFE_CAST(id AS INT64)
LIMIT @most
