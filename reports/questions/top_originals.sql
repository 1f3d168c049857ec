-- title: Most retweeted posts, by the retweets that were seen here, with X's counts for the original
-- section: Topics
-- order: 580
-- scans: the text, the originals' counts and the keywords of the period's days.
-- note: Likes and retweets are the highest that any retweet brought along; originals with fewer than the minimum of retweets are left
--   out.
-- empty: No post was retweeted at least {minimum} times in this period.
-- finding: The most retweeted post was retweeted {retweets_here:,} times here.
SELECT
  retweet_of AS id,
  COUNT(*) AS retweets_here,
  MAX(original_retweet_count) AS retweets,
  MAX(original_favorite_count) AS likes,
  ANY_VALUE(text HAVING MAX received_at) AS text
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND retweet_of IS NOT NULL
GROUP BY 1
HAVING retweets_here >= @minimum
ORDER BY retweets_here DESC, likes DESC, 1
LIMIT 10
