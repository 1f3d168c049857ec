-- The largest series over time, with their shares. {column} is a series' name, {expression} the list of those that a post belongs to.
WITH moments AS (
  SELECT DISTINCT
    IF(@unit = 'hour', DATETIME_TRUNC(DATETIME(instant, @timezone), HOUR), DATETIME_TRUNC(DATETIME(instant, @timezone), DAY)) AS since
  FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SECONDS(DIV(UNIX_SECONDS(@from), 900) * 900), TIMESTAMP_SUB(@to, INTERVAL 1 MICROSECOND), INTERVAL 15 MINUTE
  )) AS instant
),
seen AS (
  SELECT
    IF(
      @unit = 'hour',
      DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR),
      DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), DAY)
    ) AS since,
    {expression} AS listed
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
),
totals AS (
  SELECT since, COUNT(*) AS posts FROM seen GROUP BY since
),
named AS (
  SELECT since, {column}, COUNT(*) AS posts FROM seen, UNNEST(listed) AS {column} GROUP BY since, {column}
),
largest AS (
  SELECT {column}, SUM(posts) AS posts FROM named GROUP BY {column} ORDER BY posts DESC, {column} LIMIT 8
)
SELECT
  moments.since,
  largest.{column},
  COALESCE(named.posts, 0) AS posts,
  COALESCE(named.posts, 0) / totals.posts AS share
FROM moments
CROSS JOIN largest
LEFT JOIN named ON named.since = moments.since AND named.{column} = largest.{column}
LEFT JOIN totals ON totals.since = moments.since
ORDER BY moments.since, largest.posts DESC, largest.{column}
