-- Where do posts come from? The place that a post is tagged with, else what the author says, else unknown.
SELECT
  COALESCE(tweet_location, NULLIF(TRIM(user_location), ''), 'unknown') AS region,
  COUNT(*) AS posts,
  COUNTIF(tweet_location IS NOT NULL) AS tagged_with_a_place
FROM tweets
GROUP BY region
ORDER BY posts DESC, region
LIMIT 10
