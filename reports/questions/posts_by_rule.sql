-- title: Posts and cost per rule
-- section: Cost
-- order: 1110
-- scans: the rules and authors of the period's days.
-- note: A post that several rules matched counts for each. dollars is $0.005 per delivered post (2026-08); author data costs up to $0.010
--   more per author and UTC day (author_days). Imported posts cost nothing.
-- chart: bars rule posts dollars
SELECT
  COALESCE(matched, '(none)') AS rule,
  COUNT(*) AS posts,
  COUNT(DISTINCT user_id) AS authors,
  COUNT(DISTINCT IF(source = 'import', NULL, CONCAT(CAST(DATE(received_at) AS STRING), user_id))) AS author_days,
  COUNTIF(source != 'import') * 0.005 AS dollars
FROM tweets LEFT JOIN UNNEST(rules) AS matched
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY 1
ORDER BY posts DESC, 1
