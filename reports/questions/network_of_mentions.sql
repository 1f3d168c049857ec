-- title: Who mentions whom
-- section: Networks
-- order: 810
-- scans: the mentions, authors and kinds of the period's days.
-- note: An edge leads from an author to an account that they mention; its weight is the number of posts. Retweets are left out, because
--   their mentions are those of the original. Pairs in fewer posts than the minimum are left out. The chart shows the densest part: a
--   node's size is the sum of its weights, its colour its community (Louvain).
-- empty: Nobody mentions another in at least {minimum:posts} of this period; --minimum 1 takes every pair.
-- finding: {source} mentions {target} most: {weight:posts}.
-- chart: network directed
SELECT CONCAT('@', LOWER(user_username)) AS source, CONCAT('@', LOWER(written)) AS target, COUNT(DISTINCT id) AS weight
FROM tweets, UNNEST(mentions) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND user_username IS NOT NULL AND retweet_of IS NULL
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
