-- How many posts were made in each hour? Hours without posts are zeros.
-- Scans: the time, retweet_of and keywords of the period's days, and the ledger of gaps.
-- Note: seconds_not_held says for how much of an hour nobody held X's stream: a low count there is no trend. What search gave
-- back afterwards is in the count, retweets apart, which search does not return.
WITH calendar AS (
  SELECT DISTINCT DATETIME_TRUNC(DATETIME(instant, @timezone), HOUR) AS hour
  FROM UNNEST(ARRAY_CONCAT(
    GENERATE_TIMESTAMP_ARRAY(@from, TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE),
    [TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND)]
  )) AS instant
),
seen AS (
  SELECT DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour, retweet_of
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
counted AS (
  SELECT hour, COUNT(*) AS posts, COUNTIF(retweet_of IS NOT NULL) AS retweets
  FROM seen
  GROUP BY hour
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
    calendar.hour,
    SUM(DATETIME_DIFF(
      LEAST(gaps.until, DATETIME_ADD(calendar.hour, INTERVAL 1 HOUR)), GREATEST(gaps.since, calendar.hour), SECOND
    )) AS seconds
  FROM calendar CROSS JOIN gaps
  WHERE gaps.since < DATETIME_ADD(calendar.hour, INTERVAL 1 HOUR) AND gaps.until > calendar.hour
  GROUP BY calendar.hour
)
SELECT
  calendar.hour,
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.retweets, 0) AS retweets,
  LEAST(COALESCE(not_held.seconds, 0), 3600) AS seconds_not_held
FROM calendar
LEFT JOIN counted ON counted.hour = calendar.hour
LEFT JOIN not_held ON not_held.hour = calendar.hour
ORDER BY calendar.hour
