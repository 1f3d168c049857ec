-- Where do posts come from? The place that a post is tagged with, else what its author says about where they are.
-- Scans: the places, the authors' locations and the keywords of the period's days.
-- Note: few posts are tagged with a place. What authors write is free text, looked up in GeoNames (cities of 15,000 people and
-- more, countries, US states) by python -m reports; what it does not find is 'unknown', and so is what was left empty.
SELECT
  country_code,
  tweet_location,
  IF(tweet_location IS NULL AND country_code IS NULL, NULLIF(TRIM(user_location), ''), NULL) AS user_location,
  COUNT(*) AS posts
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY 1, 2, 3
ORDER BY posts DESC, 1, 2, 3
LIMIT 50000
