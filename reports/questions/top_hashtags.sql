-- title: Most used hashtags. A post counts once for each of its hashtags.
-- section: Topics
-- order: 540
-- scans: the hashtags, authors and keywords of the period's days.
-- note: Hashtags are compared as readers would: case, width and how accents are stored do not matter. A retweet carries the hashtags
--   of what it retweets. Hashtags on fewer than the minimum of posts are left out.
-- empty: No hashtag is on at least {minimum} posts of this period.
-- finding: {hashtag} leads, in {posts:posts} by {authors:authors}.
-- chart: bars hashtag posts authors
SELECT
  CONCAT('#', FOLDED(written)) AS hashtag,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets, UNNEST(hashtags) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY 1
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, 1
LIMIT 25
