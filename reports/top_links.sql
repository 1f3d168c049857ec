-- Which sites do posts link to?
-- Scans: the links, authors and keywords of the period's days.
-- Note: links to posts and pictures on X itself are left out, and so are sites on fewer than the minimum of posts.
SELECT
  LOWER(REGEXP_EXTRACT(written, r'^https?://(?:www\.)?([^/?#]+)')) AS site,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets, UNNEST(urls) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND NOT REGEXP_CONTAINS(written, r'^https?://(?:www\.)?(?:twitter\.com|x\.com|pic\.twitter\.com|pic\.x\.com)(?:/|$)')
GROUP BY 1
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, 1
LIMIT 25
