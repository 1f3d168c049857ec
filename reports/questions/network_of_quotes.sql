-- title: Who quotes whom
-- section: Networks
-- order: 820
-- scans: the ids, authors and kinds of the period's days.
-- note: An edge leads from the author who quotes to the author of the quoted post, if that post was collected in the same period; its
--   weight is the number of posts. Pairs below the minimum are left out. The chart shows the densest part: a node's size is the sum of
--   its weights, its colour its community (Louvain).
-- empty: Nobody quotes another at least {minimum} times in this period; --minimum 1 takes every pair.
-- finding: {source} quotes {target} most: {weight:posts}.
-- chart: network directed
SELECT CONCAT('@', LOWER(quoting.user_username)) AS source, CONCAT('@', LOWER(quoted.user_username)) AS target,
  COUNT(DISTINCT quoting.id) AS weight
FROM tweets AS quoting JOIN tweets AS quoted ON quoted.id = quoting.quote_of
WHERE quoting.created_at >= DATETIME(@from) AND quoting.created_at < DATETIME(@to)
  AND quoted.created_at >= DATETIME(@from) AND quoted.created_at < DATETIME(@to) FILTERS(quoting)
  AND quoting.user_username IS NOT NULL AND quoted.user_username IS NOT NULL
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
