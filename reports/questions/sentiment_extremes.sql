-- title: Most positive and most negative posts
-- section: Sentiment
-- order: 510
-- scans: the text, sentiment and author of the period's days.
-- note: Without retweets, and without repeated texts of one author. The scores do not understand irony.
-- empty: No post of this period has a sentiment other than zero.
WITH scored AS (
  SELECT id, created_at, user_username, text, sentiment
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND sentiment IS NOT NULL
    AND retweet_of IS NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id, text ORDER BY created_at, id) = 1
),
extremes AS (
  (SELECT * FROM scored WHERE sentiment > 0 ORDER BY sentiment DESC, id DESC LIMIT 10)
  UNION ALL
  (SELECT * FROM scored WHERE sentiment < 0 ORDER BY sentiment, id DESC LIMIT 10)
)
SELECT
  IF(sentiment > 0, 'positive', 'negative') AS side,
  ROUND(sentiment, 3) AS sentiment,
  id,
  DATETIME(TIMESTAMP(created_at), @timezone) AS posted_at,
  user_username,
  text
FROM extremes
ORDER BY extremes.sentiment DESC, id DESC
