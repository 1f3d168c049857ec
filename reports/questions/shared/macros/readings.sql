readings AS (  -- of those of a post at about an age, the first
  SELECT id, created_at, kind, age, likes, reposts, replies, quotes, impressions
  FROM (
    SELECT
      tweets.id, tweets.created_at, KIND(tweets) AS kind, counts.likes, counts.reposts, counts.replies, counts.quotes, counts.impressions,
      IF(counts.age_hours <= 48, 'after about a day', 'after about a week') AS age,
      ROW_NUMBER() OVER (PARTITION BY tweets.id, counts.age_hours <= 48 ORDER BY counts.age_hours) AS number
    FROM tweets JOIN engagement AS counts ON counts.id = tweets.id AND counts.created_at = tweets.created_at
    WHERE tweets.created_at >= DATETIME(@from) AND tweets.created_at < DATETIME(@to) FILTERS(tweets)
      AND tweets.retweet_of IS NULL AND counts.source = 'refresh'
      AND (counts.age_hours BETWEEN 12 AND 48 OR counts.age_hours BETWEEN 120 AND 216)
  )
  WHERE number = 1
)
