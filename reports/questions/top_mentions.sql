-- title: Mentioned accounts
-- section: Authors
-- order: 720
-- scans: the mentions and authors of the period's days.
-- note: A post counts once for each account that it mentions; case does not matter. A retweet mentions the author of its original.
--   Accounts in fewer posts than the minimum are left out.
-- empty: No account is mentioned in at least {minimum:posts} of this period.
-- finding: {mention} is mentioned most, in {posts:posts} by {authors:authors}.
-- chart: bars mention posts authors
SELECT
  CONCAT('@', LOWER(written)) AS mention,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets, UNNEST(mentions) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY 1
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, 1
LIMIT 25
