-- title: Posts that the filter dropped, and what they cost
-- section: Cost
-- order: 1115
-- when: streamed
-- scans: the table filtered, of the period's days.
-- note: For all posts; --keyword, --rule and the other filters do not apply. X charges for a post when it delivers it, so a dropped post
--   is paid for: $0.005 (2026-08), not counting authors. Imported posts cost nothing. The same condition in ingester/rules.yaml keeps X
--   from delivering the post.
-- empty: The filter dropped nothing in this period.
-- chart: bars reason posts dollars
SELECT
  reason,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT IF(COALESCE(source, '') = 'import', NULL, id)) * 0.005 AS dollars,
  CASE reason
    WHEN 'no_keyword' THEN 'add the words of keywords.txt to the rule'
    WHEN 'excluded' THEN 'add the words that keywords.txt excludes, each with a minus'
    WHEN 'retweet' THEN 'add -is:retweet'
    WHEN 'language' THEN 'add the languages: (lang:en OR lang:es)'
    ELSE 'no operator of X says this'
  END AS in_the_rule
FROM filtered
WHERE received_at >= @from AND received_at < @to
GROUP BY reason
ORDER BY posts DESC, reason
