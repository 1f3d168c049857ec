-- title: Who retweets whom
-- section: Networks
-- order: 830
-- scans: the text, authors, kinds and keywords of the period's days.
-- note: An edge leads from whoever retweets to the author of the original; weight is the retweets. Gaps that search has filled lack
--   retweets. Pairs with fewer than the minimum are left out.
-- empty: Nobody retweets another at least {minimum} times in this period.
-- finding: {source} retweets {target} most: {weight:posts}.
-- chart: network directed
SELECT CONCAT('@', LOWER(user_username)) AS source, CONCAT('@', LOWER(REGEXP_EXTRACT(text, r'^RT @(\w+):'))) AS target,
  COUNT(DISTINCT id) AS weight
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND user_username IS NOT NULL AND retweet_of IS NOT NULL AND REGEXP_CONTAINS(text, r'^RT @\w+:')
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
