-- How does the talk of each language change over time?
-- Scans: the languages and keywords of the period's days.
-- Note: of hours where the period is three days or shorter, else of days. The eight languages with most posts, of which the chart shows six; share is of all posts of that time. 'und' is
-- where X knows none.
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
    lang
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
totals AS (
  SELECT since, COUNT(*) AS posts FROM seen GROUP BY since
),
named AS (
  SELECT since, COALESCE(lang, 'und') AS lang, COUNT(*) AS posts FROM seen GROUP BY since, lang
),
largest AS (
  SELECT lang, SUM(posts) AS posts FROM named GROUP BY lang ORDER BY posts DESC, lang LIMIT 8
)
SELECT
  moments.since,
  largest.lang,
  COALESCE(named.posts, 0) AS posts,
  COALESCE(named.posts, 0) / totals.posts AS share
FROM moments
CROSS JOIN largest
LEFT JOIN named ON named.since = moments.since AND named.lang = largest.lang
LEFT JOIN totals ON totals.since = moments.since
ORDER BY moments.since, largest.posts DESC, largest.lang
