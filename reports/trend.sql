-- Is there more talk than the week before, and when did it burst?
-- Scans: the time and keywords of the 14 days before the period's end.
-- Note: usual is the mean of the same hour of the seven days before. A burst is an hour of at least ten posts, twice the
-- usual and more than three of its standard deviations above it (as counts vary by chance: the root of the mean).
WITH calendar AS (
  SELECT DISTINCT DATETIME_TRUNC(DATETIME(instant, @timezone), HOUR) AS hour
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SUB(@to, INTERVAL 336 HOUR), TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
seen AS (
  SELECT DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour
  FROM tweets
  WHERE created_at >= DATETIME(TIMESTAMP_SUB(@to, INTERVAL 336 HOUR)) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
counted AS (
  SELECT hour, COUNT(*) AS posts FROM seen GROUP BY hour
),
hours AS (
  SELECT calendar.hour, COALESCE(counted.posts, 0) AS posts
  FROM calendar LEFT JOIN counted ON counted.hour = calendar.hour
),
compared AS (
  SELECT
    hour,
    posts,
    LAG(posts, 7) OVER same_hour AS week_before,
    AVG(posts) OVER (PARTITION BY EXTRACT(HOUR FROM hour) ORDER BY hour ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING) AS usual
  FROM hours
  WINDOW same_hour AS (PARTITION BY EXTRACT(HOUR FROM hour) ORDER BY hour)
)
SELECT
  hour,
  posts,
  week_before,
  ROUND(usual, 2) AS usual,
  posts >= 10 AND posts >= 2 * usual AND posts > usual + 3 * SQRT(usual) AS burst
FROM compared
WHERE hour >= DATETIME_TRUNC(DATETIME(TIMESTAMP_SUB(@to, INTERVAL 168 HOUR), @timezone), HOUR)
ORDER BY hour
