-- title: Posts and cost per rule
-- section: Cost
-- order: 1020
-- scans: the rules, authors and keywords of the period's days.
-- note: A post that several rules match counts for each. dollars is $0.005 a post as X delivers it, 2026-08; with authors' data it is
--   up to $0.010 more for each author and UTC day (author_days). Imported posts cost nothing.
-- chart: bars rule posts dollars
SELECT
  COALESCE(matched, '(none)') AS rule,
  COUNT(*) AS posts,
  COUNT(DISTINCT user_id) AS authors,
  COUNT(DISTINCT IF(source = 'import', NULL, CONCAT(CAST(DATE(received_at) AS STRING), user_id))) AS author_days,
  COUNTIF(source != 'import') * 0.005 AS dollars
FROM tweets LEFT JOIN UNNEST(rules) AS matched
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY 1
ORDER BY posts DESC, 1
