-- How many posts were made in each week? Weeks without posts are zeros.
-- Scans: the time, retweet_of and keywords of the period's days, and the ledger of gaps.
-- Note: weeks begin on Monday, or as --week-starts says; a first or last one that the period cuts off is pale.
WITH instants AS (  -- of quarters of an hour: clocks are set by no less
  SELECT instant, DATE(DATETIME(instant, @timezone)) AS day
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SECONDS(DIV(UNIX_SECONDS(@from), 900) * 900), TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
quarters AS (
  SELECT instant, DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 12 - @week_start, 7) DAY) AS week FROM instants
),
calendar AS (
  SELECT week, SUM(TIMESTAMP_DIFF(
    LEAST(TIMESTAMP_ADD(instant, INTERVAL 15 MINUTE), @to), GREATEST(instant, @from), SECOND
  )) AS seconds
  FROM quarters GROUP BY week
),
days AS (
  SELECT DATE(DATETIME(TIMESTAMP(created_at), @timezone)) AS day, retweet_of
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
seen AS (
  SELECT DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 12 - @week_start, 7) DAY) AS week, retweet_of FROM days
),
counted AS (
  SELECT week, COUNT(*) AS posts, COUNTIF(retweet_of IS NOT NULL) AS retweets
  FROM seen
  GROUP BY week
),
told AS (
  SELECT GREATEST(since, @from) AS since, LEAST(COALESCE(until, @to), @to) AS until
  FROM stream_gaps
  WHERE since < @to AND COALESCE(until, @to) > @from
),
ordered AS (
  SELECT since, until, MAX(until) OVER (ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_before FROM told
),
gaps AS (  -- where two overlap, the second begins where the first ends
  SELECT GREATEST(since, COALESCE(until_before, since)) AS since, until FROM ordered WHERE until > COALESCE(until_before, since)
),
in_gaps AS (
  SELECT
    quarters.instant,
    SUM(TIMESTAMP_DIFF(
      LEAST(gaps.until, TIMESTAMP_ADD(quarters.instant, INTERVAL 15 MINUTE)), GREATEST(gaps.since, quarters.instant), SECOND
    )) AS seconds
  FROM quarters CROSS JOIN gaps
  WHERE gaps.since < TIMESTAMP_ADD(quarters.instant, INTERVAL 15 MINUTE) AND gaps.until > quarters.instant
  GROUP BY quarters.instant
),
not_held AS (
  SELECT quarters.week, SUM(in_gaps.seconds) AS seconds
  FROM quarters JOIN in_gaps ON in_gaps.instant = quarters.instant
  GROUP BY quarters.week
)
SELECT
  calendar.week,
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.retweets, 0) AS retweets,
  LEAST(COALESCE(not_held.seconds, 0), calendar.seconds) AS seconds_not_held
FROM calendar
LEFT JOIN counted ON counted.week = calendar.week
LEFT JOIN not_held ON not_held.week = calendar.week
ORDER BY calendar.week
