-- title: Which keywords, rules, languages and sources do the posts of the period have?
-- scans: the keywords, rules, languages and sources of the period's days.
WITH named AS (
  SELECT 'keyword' AS kind, written AS name
  FROM tweets, UNNEST(keywords) AS written
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  UNION ALL
  SELECT 'rule' AS kind, matched AS name
  FROM tweets, UNNEST(rules) AS matched
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  UNION ALL
  SELECT 'language' AS kind, COALESCE(lang, 'und') AS name
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  UNION ALL
  SELECT 'source' AS kind, source AS name
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
)
SELECT kind, name, COUNT(*) AS posts
FROM named
GROUP BY kind, name
QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY COUNT(*) DESC, name) <= 12
ORDER BY kind, posts DESC, name
