-- title: Most mentioned accounts. Case does not matter; a post counts once for each account that it mentions.
-- section: Authors
-- order: 640
-- scans: the mentions, authors and keywords of the period's days.
-- note: A retweet mentions whom it retweets. Accounts on fewer than the minimum of posts are left out.
-- empty: No account is mentioned in at least {minimum} posts of this period.
-- finding: {mention} is mentioned most, in {posts:posts} by {authors:authors}.
-- chart: bars mention posts authors
SELECT
  CONCAT('@', LOWER(written)) AS mention,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets, UNNEST(mentions) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY 1
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, 1
LIMIT 25
