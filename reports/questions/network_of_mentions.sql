-- title: Who mentions whom
-- section: Networks
-- order: 820
-- scans: the mentions, authors, kinds and keywords of the period's days.
-- note: An edge leads from the author to the account; weight is the posts. A retweet's mentions are the original's, so retweets are
--   left out. Pairs with fewer than the minimum of posts are left out.
-- empty: Nobody mentions another in at least {minimum} posts of this period.
-- finding: {source} mentions {target} most: {weight:posts}.
-- chart: network directed
SELECT CONCAT('@', LOWER(user_username)) AS source, CONCAT('@', LOWER(written)) AS target, COUNT(DISTINCT id) AS weight
FROM tweets, UNNEST(mentions) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND user_username IS NOT NULL AND retweet_of IS NULL
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
