-- title: The last seven days and those before, with bursts
-- section: Time
-- order: 205
-- scans: the time of the period's days, of the 14 days before its end at the least, and the ledger of gaps.
-- note: The chart has spans of 1 to 24 hours, the shortest in which most have 30 posts. In the table, week_before is given for the last
--   168 hours. usual is the mean of the same hour on up to seven days before, without gaps and without the time before the first post. A
--   burst is an hour of at least ten posts, twice the usual number and more than three standard deviations above it (Poisson), where at
--   least four such hours are known. Bursts are found in the whole period.
-- needs: words
-- rows: by time
WITH quarters AS (  -- of an hour: clocks are set by no less, so each lies in one hour
  SELECT instant, DATETIME_TRUNC(DATETIME(instant, @timezone), HOUR) AS hour
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_TRUNC(LEAST(@from, TIMESTAMP_SUB(@to, INTERVAL 336 HOUR)), HOUR),
    TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
calendar AS (
  SELECT hour, MIN(instant) AS since, COUNT(*) / 4 AS hours FROM quarters GROUP BY hour
),
seen AS (
  SELECT created_at, DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour
  FROM tweets
  WHERE created_at >= DATETIME(TIMESTAMP_TRUNC(LEAST(@from, TIMESTAMP_SUB(@to, INTERVAL 336 HOUR)), HOUR))
    AND created_at < DATETIME(@to) FILTERS()
),
counted AS (
  SELECT hour, COUNT(*) AS posts FROM seen GROUP BY hour
),
begun AS (
  SELECT TIMESTAMP(MIN(created_at)) AS first_post FROM seen
),
gaps AS (
  SELECT since, COALESCE(until, @to) AS until FROM stream_gaps
),
with_gaps AS (
  SELECT DISTINCT quarters.hour
  FROM quarters CROSS JOIN gaps
  WHERE gaps.since < TIMESTAMP_ADD(quarters.instant, INTERVAL 15 MINUTE) AND gaps.until > quarters.instant
),
hours AS (
  SELECT
    calendar.hour,
    COALESCE(counted.posts, 0) AS posts,
    -- an hour that comes twice, when clocks go back, has twice the posts
    IF(with_gaps.hour IS NULL AND calendar.since >= begun.first_post, COALESCE(counted.posts, 0) / GREATEST(calendar.hours, 1), NULL)
      AS known
  FROM calendar
  CROSS JOIN begun
  LEFT JOIN counted ON counted.hour = calendar.hour
  LEFT JOIN with_gaps ON with_gaps.hour = calendar.hour
),
compared AS (
  SELECT
    hour,
    posts,
    known,
    AVG(known) OVER before AS usual,
    COUNT(known) OVER before AS days
  FROM hours
  WINDOW before AS (PARTITION BY EXTRACT(HOUR FROM hour) ORDER BY hour ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)
),
week AS (  -- the last hour that is not of the last 168
  SELECT DATETIME_TRUNC(
    DATETIME(TIMESTAMP_SUB(TIMESTAMP_SUB(@to, INTERVAL 168 HOUR), INTERVAL 1 MICROSECOND), @timezone), HOUR
  ) AS before
)
SELECT
  compared.hour,
  compared.posts,
  IF(compared.hour > week.before, week_before.posts, NULL) AS week_before,
  ROUND(compared.usual, 2) AS usual,
  COALESCE(
    compared.days >= 4 AND compared.known >= 10
    AND compared.known >= 2 * compared.usual AND compared.known > compared.usual + 3 * SQRT(compared.usual),
    FALSE
  ) AS burst
FROM compared
CROSS JOIN week
LEFT JOIN hours AS week_before ON week_before.hour = DATETIME_SUB(compared.hour, INTERVAL 7 DAY)
WHERE compared.hour > week.before OR compared.hour >= DATETIME_TRUNC(DATETIME(@from, @timezone), HOUR)
ORDER BY compared.hour
