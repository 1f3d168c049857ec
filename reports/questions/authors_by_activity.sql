-- title: Authors by number of posts
-- section: Authors
-- order: 710
-- scans: the authors and kinds of the period's days.
-- note: new_authors have their first post of the period in its last seven days.
WITH counted AS (
  SELECT
    user_id,
    COUNT(*) AS posts,
    COUNTIF(retweet_of IS NULL) AS own_posts,
    MIN(created_at) >= DATETIME(TIMESTAMP_SUB(@to, INTERVAL 168 HOUR)) AS is_new
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND user_id IS NOT NULL
  GROUP BY user_id
),
banded AS (
  SELECT
    CASE WHEN posts = 1 THEN 1 WHEN posts < 5 THEN 2 WHEN posts < 10 THEN 5 WHEN posts < 50 THEN 10 ELSE 50 END AS at_least,
    posts, own_posts, is_new
  FROM counted
)
SELECT
  CASE at_least WHEN 1 THEN '1' WHEN 2 THEN '2 to 4' WHEN 5 THEN '5 to 9' WHEN 10 THEN '10 to 49' ELSE '50 and more' END AS posts_each,
  COUNT(*) AS authors,
  SUM(posts) AS posts,
  SUM(posts) / SUM(SUM(posts)) OVER () AS share,
  SUM(own_posts) AS own_posts,
  COUNTIF(is_new) AS new_authors
FROM banded
GROUP BY at_least
ORDER BY at_least
