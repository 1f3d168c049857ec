-- title: Who quotes whom
-- section: Networks
-- order: 840
-- scans: the ids, authors, kinds and keywords of the period's days.
-- note: An edge leads from whoever quotes to the author of the quoted post, where that is in the table for the same period; weight is
--   the posts. Pairs with fewer than the minimum are left out.
-- empty: Nobody quotes another at least {minimum} times in this period.
-- finding: {source} quotes {target} most: {weight:posts}.
-- chart: network directed
SELECT CONCAT('@', LOWER(quoting.user_username)) AS source, CONCAT('@', LOWER(quoted.user_username)) AS target,
  COUNT(DISTINCT quoting.id) AS weight
FROM tweets AS quoting JOIN tweets AS quoted ON quoted.id = quoting.quote_of
WHERE quoting.created_at >= DATETIME(@from) AND quoting.created_at < DATETIME(@to)
  AND quoted.created_at >= DATETIME(@from) AND quoted.created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(quoting.keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(quoting.rules))
  AND quoting.user_username IS NOT NULL AND quoted.user_username IS NOT NULL
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
