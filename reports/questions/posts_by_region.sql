-- title: Posts per country and region: the place of the post, else what its author says
-- section: Places
-- order: 310
-- scans: the places, the authors' locations and the keywords of the period's days.
-- note: Few posts are tagged with a place. What authors write is free text, looked up in GeoNames (cities of 15,000 people and more,
--   countries, states) by python -m reports; what it does not find is 'unknown', as is what was left empty, and what is not among the
--   50,000 most frequent texts.
-- needs: points
-- columns: region code posts share tagged_with_a_place by_the_authors_words
-- rows: the last always
WITH places AS (
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
),
ranked AS (
  SELECT *, ROW_NUMBER() OVER (ORDER BY posts DESC, user_location) <= 50000 AS is_listed FROM places
)
SELECT
  country_code,
  tweet_location,
  IF(is_listed, user_location, NULL) AS user_location,
  SUM(posts) AS posts
FROM ranked
GROUP BY 1, 2, 3
ORDER BY posts DESC, 1, 2, 3
