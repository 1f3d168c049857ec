-- title: Which posts are there? Their ids alone: what X's policy lets one pass on, for others to fetch the posts themselves.
-- scans: the id, time and keywords of the period's days.
SELECT id
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND (@pattern IS NULL OR REGEXP_CONTAINS(FOLDED(text), @pattern))
