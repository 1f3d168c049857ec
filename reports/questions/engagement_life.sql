-- title: How long a post lives: the share of its likes that it had after an hour, a day and a week
-- section: Engagement
-- order: 265
-- scans: all of the posts of the period's days, and their readings.
-- note: From posts that were read again at two ages or more: the share of the likes in the last reading that the post had in an earlier
--   one. after about an hour are readings at 30 minutes to 2 hours, after about a day those at 12 to 48 hours, after about a week those at
--   5 to 9 days. share is the median over posts_read posts; a post without likes in its last reading is left out.
-- empty: No post of this period was read again at two ages: REFRESH_AFTER=1h,1d,7d reads each post three times.
-- chart: bars age share posts_read
WITH readings AS (
  SELECT
    tweets.id,
    CASE
      WHEN counts.age_hours BETWEEN 0.5 AND 2 THEN 'after about an hour'
      WHEN counts.age_hours BETWEEN 12 AND 48 THEN 'after about a day'
      WHEN counts.age_hours BETWEEN 120 AND 216 THEN 'after about a week'
    END AS age,
    counts.age_hours,
    counts.likes,
    FIRST_VALUE(counts.likes) OVER (PARTITION BY tweets.id ORDER BY counts.age_hours DESC) AS last_likes,
    MAX(counts.age_hours) OVER (PARTITION BY tweets.id) AS last_age
  FROM tweets JOIN engagement AS counts ON counts.id = tweets.id AND counts.created_at = tweets.created_at
  WHERE tweets.created_at >= DATETIME(@from) AND tweets.created_at < DATETIME(@to) FILTERS(tweets)
    AND tweets.retweet_of IS NULL AND counts.source = 'refresh' AND counts.likes IS NOT NULL
),
firsts AS (  -- of those of a post at about an age, the first
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id, age ORDER BY age_hours) AS number
  FROM readings
  WHERE age IS NOT NULL AND age_hours < last_age AND last_likes > 0
)
SELECT
  age,
  COUNT(*) AS posts_read,
  APPROX_QUANTILES(LEAST(likes / last_likes, 1), 2)[OFFSET(1)] AS share
FROM firsts
WHERE number = 1
GROUP BY age
ORDER BY MIN(age_hours)
