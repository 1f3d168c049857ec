-- Posts per unit of time, and for how much of it nobody held the stream. {column} is the unit's beginning, {expression} makes it of `local`.
WITH instants AS (  -- of quarters of an hour: clocks are set by no less, so each lies in one unit
  SELECT instant, DATETIME(instant, @timezone) AS local
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SECONDS(DIV(UNIX_SECONDS(@from), 900) * 900), TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
quarters AS (
  SELECT instant, {expression} AS {column} FROM instants
),
calendar AS (
  SELECT {column}, SUM(TIMESTAMP_DIFF(
    LEAST(TIMESTAMP_ADD(instant, INTERVAL 15 MINUTE), @to), GREATEST(instant, @from), SECOND
  )) AS seconds
  FROM quarters GROUP BY {column}
),
posts AS (
  SELECT DATETIME(TIMESTAMP(created_at), @timezone) AS local, retweet_of
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
seen AS (
  SELECT {expression} AS {column}, retweet_of FROM posts
),
counted AS (
  SELECT {column}, COUNT(*) AS posts, COUNTIF(retweet_of IS NOT NULL) AS retweets
  FROM seen
  GROUP BY {column}
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
  SELECT quarters.{column}, SUM(in_gaps.seconds) AS seconds
  FROM quarters JOIN in_gaps ON in_gaps.instant = quarters.instant
  GROUP BY quarters.{column}
)
SELECT
  calendar.{column},
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.retweets, 0) AS retweets,
  LEAST(COALESCE(not_held.seconds, 0), calendar.seconds) AS seconds_not_held
FROM calendar
LEFT JOIN counted ON counted.{column} = calendar.{column}
LEFT JOIN not_held ON not_held.{column} = calendar.{column}
ORDER BY calendar.{column}
