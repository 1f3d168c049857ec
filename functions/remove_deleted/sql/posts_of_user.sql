-- Which posts of this author are here, as rows or inside other posts?
WITH messages AS (
  SELECT payload AS message FROM tweet_versions
  UNION ALL
  SELECT SAFE.PARSE_JSON(payload) FROM archive
),
carried AS (
  SELECT JSON_VALUE(post, '$.id') AS id, JSON_VALUE(post, '$.author_id') AS author_id
  FROM messages
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    COALESCE(JSON_QUERY_ARRAY(message, '$.includes.tweets'), []), COALESCE(JSON_QUERY_ARRAY(message, '$.includes.posts'), [])
  )) AS post
  UNION DISTINCT
  SELECT JSON_VALUE(message, '$.data.id'), JSON_VALUE(message, '$.data.author_id') FROM messages
  UNION DISTINCT
  SELECT id, user_id FROM tweet_versions
)
SELECT DISTINCT id FROM carried WHERE author_id = @user AND id IS NOT NULL
