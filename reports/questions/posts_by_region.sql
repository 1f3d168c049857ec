-- title: Posts per country and region
-- section: Places
-- order: 305
-- scans: the places and the authors' locations of the period's days.
-- note: From the place a post is tagged with, or else from what its author writes about themselves, which is looked up in GeoNames
--   (cities of 15,000 people and more, countries, states). 'unknown' are locations that are empty, were not found, or are not among the
--   50,000 most frequent.
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
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
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
