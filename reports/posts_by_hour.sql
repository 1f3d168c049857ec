-- How many posts were made in each hour (UTC)? Hours without posts are zeros.
WITH counted AS (
  SELECT TIMESTAMP_TRUNC(TIMESTAMP(created_at), HOUR) AS hour, COUNT(*) AS posts
  FROM tweets
  WHERE created_at IS NOT NULL
  GROUP BY hour
)
SELECT calendar.hour, COALESCE(counted.posts, 0) AS posts
FROM (
  SELECT hour FROM UNNEST(GENERATE_TIMESTAMP_ARRAY((SELECT MIN(hour) FROM counted), (SELECT MAX(hour) FROM counted), INTERVAL 1 HOUR)) AS hour
) AS calendar
LEFT JOIN counted ON counted.hour = calendar.hour
ORDER BY calendar.hour
