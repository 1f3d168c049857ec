-- title: Most retweeted posts, with X's counts at their last retweet here
-- section: Topics and words
-- order: 640
-- scans: the text and the originals' counts of the period's days.
-- note: Counted by the retweets collected here, with X's own counts for the original: the highest that any retweet carried. Originals
--   with fewer retweets than the minimum are left out.
-- empty: No post was retweeted at least {minimum} times in this period.
-- finding: The most retweeted post was retweeted {retweets_here:,} times here.
SELECT
  retweet_of AS id,
  COUNT(*) AS retweets_here,
  MAX(original_retweet_count) AS retweets,
  MAX(original_favorite_count) AS likes,
  ANY_VALUE(text HAVING MAX received_at) AS text
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND retweet_of IS NOT NULL
GROUP BY 1
HAVING retweets_here >= @minimum
ORDER BY retweets_here DESC, likes DESC, 1
LIMIT 10
