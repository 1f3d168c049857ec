-- title: Who retweets whom
-- section: Networks
-- order: 815
-- scans: the text, authors and kinds of the period's days.
-- note: An edge leads from the author who retweets to the author of the original; its weight is the number of retweets. Posts fetched by
--   search after a gap contain no retweets. Pairs below the minimum are left out. The chart shows the densest part: a node's size is the
--   sum of its weights, its colour its community (Louvain).
-- empty: Nobody retweets another at least {minimum} times in this period; --minimum 1 takes every pair.
-- finding: {source} retweets {target} most: {weight:posts}.
-- chart: network directed
SELECT CONCAT('@', LOWER(user_username)) AS source, CONCAT('@', LOWER(REGEXP_EXTRACT(text, r'^RT @(\w+):'))) AS target,
  COUNT(DISTINCT id) AS weight
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND user_username IS NOT NULL AND retweet_of IS NOT NULL AND REGEXP_CONTAINS(text, r'^RT @\w+:')
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
