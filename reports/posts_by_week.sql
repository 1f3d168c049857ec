-- How many posts were made in each week? Weeks begin on Monday; those without posts are zeros.
-- Scans: the time, retweet_of and keywords of the period's days, and the ledger of gaps.
-- Note: the first and the last week are as long as the period makes them.
WITH calendar AS (
  SELECT DISTINCT DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 5, 7) DAY) AS week
  FROM UNNEST(GENERATE_DATE_ARRAY(
    DATE(DATETIME(@from, @timezone)),
    DATE(DATETIME(TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), @timezone))
  )) AS day
),
seen AS (
  SELECT DATE(DATETIME(TIMESTAMP(created_at), @timezone)) AS day, retweet_of
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
counted AS (
  SELECT
    DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 5, 7) DAY) AS week,
    COUNT(*) AS posts,
    COUNTIF(retweet_of IS NOT NULL) AS retweets
  FROM seen
  GROUP BY week
),
gaps AS (
  SELECT
    DATETIME(since, @timezone) AS since,
    DATETIME(COALESCE(until, @to), @timezone) AS until
  FROM stream_gaps
  WHERE since < @to AND COALESCE(until, @to) > @from
),
not_held AS (
  SELECT
    calendar.week,
    SUM(DATETIME_DIFF(
      LEAST(gaps.until, DATETIME(DATE_ADD(calendar.week, INTERVAL 7 DAY))),
      GREATEST(gaps.since, DATETIME(calendar.week)),
      SECOND
    )) AS seconds
  FROM calendar CROSS JOIN gaps
  WHERE gaps.since < DATETIME(DATE_ADD(calendar.week, INTERVAL 7 DAY)) AND gaps.until > DATETIME(calendar.week)
  GROUP BY calendar.week
)
SELECT
  calendar.week,
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.retweets, 0) AS retweets,
  LEAST(COALESCE(not_held.seconds, 0), 604800) AS seconds_not_held
FROM calendar
LEFT JOIN counted ON counted.week = calendar.week
LEFT JOIN not_held ON not_held.week = calendar.week
ORDER BY calendar.week
