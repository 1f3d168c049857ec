-- title: Posts, followers and language of each account
-- scans: the authors, followers and languages of the period's days.
WITH counted AS (
  SELECT
    LOWER(user_username) AS name,
    COALESCE(lang, 'und') AS language,
    COUNT(*) AS posts,
    MAX(user_followers_count) AS followers
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND user_username IS NOT NULL
  GROUP BY 1, 2
),
ranked AS (
  SELECT
    name,
    language,
    SUM(posts) OVER (PARTITION BY name) AS posts,
    MAX(followers) OVER (PARTITION BY name) AS followers,
    ROW_NUMBER() OVER (PARTITION BY name ORDER BY posts DESC, language) AS place
  FROM counted
)
SELECT CONCAT('@', name) AS node, posts, followers, language FROM ranked WHERE place = 1
