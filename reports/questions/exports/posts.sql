-- title: Which posts are there? Every column but X's own message.
-- scans: all columns but payload, of the period's days.
SELECT * EXCEPT (payload)
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND (@pattern IS NULL OR REGEXP_CONTAINS(FOLDED(text), @pattern))
