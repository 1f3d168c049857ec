-- title: Hashtags
-- section: Topics and words
-- order: 620
-- scans: the hashtags and authors of the period's days.
-- note: A post counts once for each of its hashtags. Case, width and the encoding of accents do not matter. A retweet has the hashtags of
--   its original. Hashtags in fewer posts than the minimum are left out.
-- empty: No hashtag is in at least {minimum:posts} of this period.
-- finding: {hashtag} is used most, in {posts:posts} by {authors:authors}.
-- chart: bars hashtag posts authors
SELECT
  CONCAT('#', FOLDED(written)) AS hashtag,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets, UNNEST(hashtags) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY 1
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, 1
LIMIT 25
