-- title: Sentiment per hour, and its spread
-- section: Sentiment
-- order: 410
-- scans: the time, sentiment and keywords of the period's days.
-- note: Sentiment is VADER's compound score, -1 to 1, a lexicon for short texts; n is how many posts have one, coverage which share of
--   all that is (other languages have none). Below the minimum of scored posts an hour's mean is left out. p25 and p75 are quartiles,
--   sum is that of all scores.
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
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
counted AS (
  SELECT
    hour,
    COUNT(*) AS posts,
    COUNT(sentiment) AS n,
    SUM(sentiment) AS sum,
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
  COALESCE(counted.sum, 0) AS sum
FROM calendar
LEFT JOIN counted ON counted.hour = calendar.hour
ORDER BY calendar.hour
