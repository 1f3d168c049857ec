-- title: Posts and authors
-- section: Volume
-- order: 105
-- scans: the text, author and language of the period's days.
SELECT
  COUNT(*) AS total_posts,
  COUNTIF(COALESCE(text, '') NOT LIKE 'RT @%') AS unique_posts,
  COUNT(DISTINCT user_id) AS authors,
  COUNT(DISTINCT lang) AS languages,
  DATETIME(TIMESTAMP(MIN(created_at)), @timezone) AS first_post,
  DATETIME(TIMESTAMP(MAX(created_at)), @timezone) AS last_post
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
