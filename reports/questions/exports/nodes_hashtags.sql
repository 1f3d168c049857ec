-- title: Posts and language of each hashtag
-- scans: the hashtags and languages of the period's days.
WITH counted AS (
  SELECT
    FOLDED(written) AS name,
    COALESCE(lang, 'und') AS language,
    COUNT(DISTINCT id) AS posts
  FROM tweets, UNNEST(hashtags) AS written
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  GROUP BY 1, 2
),
ranked AS (
  SELECT
    name,
    language,
    SUM(posts) OVER (PARTITION BY name) AS posts,
    ROW_NUMBER() OVER (PARTITION BY name ORDER BY posts DESC, language) AS place
  FROM counted
)
SELECT CONCAT('#', name) AS node, posts, CAST(NULL AS INT64) AS followers, language FROM ranked WHERE place = 1
