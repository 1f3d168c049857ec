-- title: Sentiment over time
-- section: Sentiment
-- order: 505
-- scans: the time and sentiment of the period's days.
-- note: Sentiment is how a text sounds, -1 to 1. A change over time says more than the level: posts that people call neutral average between
--   -0.06 and 0.07, by language. A single score is often wrong, and irony is not understood. n is how many posts have a score, coverage their share of all posts. The chart's bins are hours, days, weeks or months, the finest in which most have 30 scored posts; it shows the
--   mean and its 95 % interval, and nothing where fewer than 30 are scored. In the table, hours below the minimum have no mean; p25 and
--   p75 are quartiles.
-- rows: by time
WITH quarters AS (  -- of an hour: clocks are set by no less, so each lies in one hour
  SELECT instant, DATETIME_TRUNC(DATETIME(instant, @timezone), HOUR) AS hour
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SECONDS(DIV(UNIX_SECONDS(@from), 900) * 900), TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
calendar AS (
  SELECT DISTINCT hour FROM quarters
),
seen AS (
  SELECT DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour, sentiment
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
),
counted AS (
  SELECT
    hour,
    COUNT(*) AS posts,
    COUNT(sentiment) AS n,
    SUM(sentiment) AS sum,
    SUM(sentiment * sentiment) AS sum_of_squares,
    AVG(sentiment) AS mean,
    APPROX_QUANTILES(sentiment, 4) AS quartiles
  FROM seen
  GROUP BY hour
)
SELECT
  calendar.hour,
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.n, 0) AS n,
  SAFE_DIVIDE(counted.n, counted.posts) AS coverage,
  IF(counted.n >= @minimum, counted.mean, NULL) AS mean,
  IF(counted.n >= @minimum, counted.quartiles[SAFE_OFFSET(1)], NULL) AS p25,
  IF(counted.n >= @minimum, counted.quartiles[SAFE_OFFSET(2)], NULL) AS median,
  IF(counted.n >= @minimum, counted.quartiles[SAFE_OFFSET(3)], NULL) AS p75,
  COALESCE(counted.sum, 0) AS sum,
  COALESCE(counted.sum_of_squares, 0) AS sum_of_squares
FROM calendar
LEFT JOIN counted ON counted.hour = calendar.hour
ORDER BY calendar.hour
