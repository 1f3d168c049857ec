-- title: Which posts are there? As X sent them.
-- scans: the messages, rules, keywords and texts of the period's days.
SELECT payload
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND (@pattern IS NULL OR REGEXP_CONTAINS(FOLDED(text), @pattern))
