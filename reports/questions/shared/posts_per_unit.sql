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
posts AS (
  SELECT DATETIME(TIMESTAMP(created_at), @timezone) AS local, retweet_of
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
),
seen AS (
  SELECT {expression} AS {column}, retweet_of FROM posts
),
counted AS (
  SELECT {column}, COUNT(*) AS posts, COUNTIF(retweet_of IS NOT NULL) AS retweets
  FROM seen
  GROUP BY {column}
),
UNITS({column})
SELECT
  calendar.{column},
  COALESCE(counted.posts, 0) AS posts,
  COALESCE(counted.retweets, 0) AS retweets,
  LEAST(COALESCE(not_held.seconds, 0), calendar.seconds) AS seconds_not_held
FROM calendar
LEFT JOIN counted ON counted.{column} = calendar.{column}
LEFT JOIN not_held ON not_held.{column} = calendar.{column}
ORDER BY calendar.{column}
