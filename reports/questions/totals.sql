-- title: Total posts and posts without retweets
-- section: Volume
-- order: 110
-- scans: the text, author, language and keywords of the period's days.
SELECT
  COUNT(*) AS total_posts,
  COUNTIF(COALESCE(text, '') NOT LIKE 'RT @%') AS unique_posts,
  COUNT(DISTINCT user_id) AS authors,
  COUNT(DISTINCT lang) AS languages,
  DATETIME(TIMESTAMP(MIN(created_at)), @timezone) AS first_post,
  DATETIME(TIMESTAMP(MAX(created_at)), @timezone) AS last_post
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
