-- title: Likes, reposts, replies and quotes by kind, at the same age
-- section: Time
-- order: 215
-- scans: all of the posts of the period's days, and their readings.
-- note: From posts that were read again (ingester refresh): after about a day are readings at 12 to 48 hours, after about a week those at 5
--   to 9 days; of several the first counts. posts_read is how many posts were read at that age. likes and reposts are medians, the
--   means are beside them. Retweets are not read. impressions is the median where X gave it.
-- empty: No post of this period was read again for its counts: scripts/ingester refresh does.
-- chart: bars kind_and_age likes_mean posts_read
SELECT
  CONCAT(kind, ', ', age) AS kind_and_age,
  COUNT(*) AS posts_read,
  APPROX_QUANTILES(likes, 2)[OFFSET(1)] AS likes,
  AVG(likes) AS likes_mean,
  APPROX_QUANTILES(reposts, 2)[OFFSET(1)] AS reposts,
  AVG(reposts) AS reposts_mean,
  AVG(replies) AS replies_mean,
  AVG(quotes) AS quotes_mean,
  APPROX_QUANTILES(impressions, 2)[OFFSET(1)] AS impressions
FROM (
  SELECT
    KIND(tweets) AS kind,
    CASE
      WHEN readings.age_hours BETWEEN 12 AND 48 THEN 'after about a day'
      WHEN readings.age_hours BETWEEN 120 AND 216 THEN 'after about a week'
    END AS age,
    readings.likes,
    readings.reposts,
    readings.replies,
    readings.quotes,
    readings.impressions,
    ROW_NUMBER() OVER (
      PARTITION BY tweets.id, readings.age_hours BETWEEN 12 AND 48 ORDER BY readings.age_hours
    ) AS number
  FROM tweets JOIN engagement AS readings ON readings.id = tweets.id AND readings.created_at = tweets.created_at
  WHERE tweets.created_at >= DATETIME(@from) AND tweets.created_at < DATETIME(@to) FILTERS(tweets)
    AND tweets.retweet_of IS NULL AND readings.source = 'refresh'
    AND (readings.age_hours BETWEEN 12 AND 48 OR readings.age_hours BETWEEN 120 AND 216)
)
WHERE number = 1
GROUP BY kind, age
ORDER BY age, posts_read DESC, kind
