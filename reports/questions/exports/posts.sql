-- title: The posts themselves, without X's message; with X's names of fields beside the columns
-- scans: all columns of the period's days, X's messages included.
SELECT
  * EXCEPT (payload, author),
  favorite_count AS like_count,
  SAFE_CAST(JSON_VALUE(payload, '$.data.public_metrics.impression_count') AS INT64) AS impression_count,
  SAFE_CAST(JSON_VALUE(payload, '$.data.public_metrics.bookmark_count') AS INT64) AS bookmark_count,
  user_id AS author_id,
  user_name AS author_name,
  user_username AS author_username,
  user_location AS author_location,
  JSON_VALUE(author, '$.description') AS author_description,
  JSON_VALUE(author, '$.created_at') AS author_created_at,
  JSON_VALUE(author, '$.verified') AS author_verified,
  JSON_VALUE(author, '$.verified_type') AS author_verified_type,
  user_followers_count AS author_followers_count,
  SAFE_CAST(JSON_VALUE(author, '$.public_metrics.following_count') AS INT64) AS author_following_count,
  SAFE_CAST(JSON_VALUE(author, '$.public_metrics.tweet_count') AS INT64) AS author_tweet_count,
  SAFE_CAST(JSON_VALUE(author, '$.public_metrics.listed_count') AS INT64) AS author_listed_count,
  tweet_location AS place_full_name
FROM (
  SELECT
    *,
    (
      SELECT ANY_VALUE(found)
      FROM UNNEST(JSON_QUERY_ARRAY(payload, '$.includes.users')) AS found
      WHERE JSON_VALUE(found, '$.id') = user_id
    ) AS author
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
)
ORDER BY created_at, id
