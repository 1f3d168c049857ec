-- How many posts were made on each day? Days without posts are zeros.
-- Scans: the time, retweet_of and keywords of the period's days, and the ledger of gaps.
-- Note: the first and the last day are as long as the period makes them.
WITH calendar AS (
  SELECT day FROM UNNEST(GENERATE_DATE_ARRAY(
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
  SELECT day, COUNT(*) AS posts, COUNTIF(retweet_of IS NOT NULL) AS retweets
  FROM seen
  GROUP BY day
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
    calendar.day,
    SUM(DATETIME_DIFF(
      LEAST(gaps.until, DATETIME(DATE_ADD(calendar.day, INTERVAL 1 DAY))),
      GREATEST(gaps.since, DATETIME(calendar.day)),
      SECOND
    )) AS seconds
  FROM calendar CROSS JOIN gaps
  WHERE gaps.since < DATETIME(DATE_ADD(calendar.day, INTERVAL 1 DAY)) AND gaps.until > DATETIME(calendar.day)
  GROUP BY calendar.day
)
SELECT
  calendar.day,
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.retweets, 0) AS retweets,
  LEAST(COALESCE(not_held.seconds, 0), 86400) AS seconds_not_held
FROM calendar
LEFT JOIN counted ON counted.day = calendar.day
LEFT JOIN not_held ON not_held.day = calendar.day
ORDER BY calendar.day
