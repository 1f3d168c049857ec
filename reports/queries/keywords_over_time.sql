-- How does the talk of each keyword change over time?
-- Scans: the rules and keywords of the period's days.
-- Note: of hours where the period is three days or shorter, else of days. The eight keywords with most posts, of which the chart shows six; share is of all posts of that time. Keywords are the
-- entries of keywords.txt; a post that has several counts for each.
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
    keywords
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
totals AS (
  SELECT since, COUNT(*) AS posts FROM seen GROUP BY since
),
named AS (
  SELECT since, word, COUNT(*) AS posts FROM seen, UNNEST(keywords) AS word GROUP BY since, word
),
largest AS (
  SELECT word, SUM(posts) AS posts FROM named GROUP BY word ORDER BY posts DESC, word LIMIT 8
)
SELECT
  moments.since,
  largest.word,
  COALESCE(named.posts, 0) AS posts,
  COALESCE(named.posts, 0) / totals.posts AS share
FROM moments
CROSS JOIN largest
LEFT JOIN named ON named.since = moments.since AND named.word = largest.word
LEFT JOIN totals ON totals.since = moments.since
ORDER BY moments.since, largest.posts DESC, largest.word
