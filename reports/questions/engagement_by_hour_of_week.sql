-- title: Activity by hour of the week
-- section: Time
-- order: 210
-- scans: the time, kind, followers and counts of the period's days, and the ledger of gaps.
-- note: Posts, retweets, quotes, replies and reach per hour. Likes and other counts on a post are near zero when the stream delivers it.
--   So this shows what happened in the hour: posts by kind, their reach (the sum of the authors' followers), and the median likes that
--   retweeted originals had by then (n says how many). hours is how many such hours the period has, without gaps.
WITH quarters AS (  -- of an hour: clocks are set by no less, so each lies in one hour
  SELECT instant, DATETIME_TRUNC(DATETIME(instant, @timezone), HOUR) AS hour
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SECONDS(DIV(UNIX_SECONDS(@from), 900) * 900), TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
UNITS(hour),
week AS (
  SELECT
    MOD(EXTRACT(DAYOFWEEK FROM calendar.hour) + 5, 7) AS weekday,
    EXTRACT(HOUR FROM calendar.hour) AS hour,
    SUM(calendar.seconds - LEAST(COALESCE(not_held.seconds, 0), calendar.seconds)) / 3600 AS hours
  FROM calendar LEFT JOIN not_held ON not_held.hour = calendar.hour
  GROUP BY 1, 2
),
seen AS (
  SELECT
    DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour,
    retweet_of, quote_of, reply_to, user_followers_count, original_favorite_count
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
),
counted AS (
  SELECT
    MOD(EXTRACT(DAYOFWEEK FROM hour) + 5, 7) AS weekday,
    EXTRACT(HOUR FROM hour) AS hour,
    COUNT(*) AS posts,
    COUNTIF(retweet_of IS NOT NULL) AS retweets,
    COUNTIF(quote_of IS NOT NULL AND retweet_of IS NULL) AS quotes,
    COUNTIF(reply_to IS NOT NULL AND retweet_of IS NULL) AS replies,
    SUM(user_followers_count) AS reach,
    COUNT(original_favorite_count) AS originals,
    APPROX_QUANTILES(original_favorite_count, 2)[SAFE_OFFSET(1)] AS likes_of_originals
  FROM seen
  GROUP BY 1, 2
)
SELECT
  week.weekday,  -- 0 is Monday
  week.hour,
  ROUND(week.hours, 2) AS hours,
  COALESCE(counted.posts, 0) AS posts,
  SAFE_DIVIDE(COALESCE(counted.posts, 0), week.hours) AS posts_an_hour,
  SAFE_DIVIDE(COALESCE(counted.retweets, 0), week.hours) AS retweets_an_hour,
  SAFE_DIVIDE(COALESCE(counted.quotes, 0), week.hours) AS quotes_an_hour,
  SAFE_DIVIDE(COALESCE(counted.replies, 0), week.hours) AS replies_an_hour,
  SAFE_DIVIDE(COALESCE(counted.reach, 0), week.hours) AS reach_an_hour,
  COALESCE(counted.originals, 0) AS n_originals,
  counted.likes_of_originals
FROM week
LEFT JOIN counted ON counted.weekday = week.weekday AND counted.hour = week.hour
ORDER BY week.weekday, week.hour
