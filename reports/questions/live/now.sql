-- title: What is happening now? One row: the rate in steps, the day's totals, hashtags, latest posts, and the pipeline's health.
-- scans: of a day's posts all but the payload; of eight days', as far as search reaches, the ids; what arrived in a day; the ledger.
WITH recent AS (
  SELECT
    id, created_at, received_at, text, user_username, sentiment, hashtags, retweet_of,
    TIMESTAMP_SECONDS(DIV(UNIX_SECONDS(received_at), @seconds) * @seconds) AS step
  FROM tweets
  WHERE created_at >= DATETIME(TIMESTAMP_SUB(@now, INTERVAL 25 HOUR)) AND received_at >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR)
),
steps AS (
  SELECT
    step,
    COUNT(*) AS posts,
    COUNT(sentiment) AS n,
    AVG(sentiment) AS sentiment
  FROM recent
  WHERE received_at >= TIMESTAMP_SUB(@now, INTERVAL 60 * @seconds SECOND)
  GROUP BY step
),
tags AS (
  SELECT CONCAT('#', LOWER(written)) AS hashtag, COUNT(DISTINCT id) AS posts
  FROM recent, UNNEST(hashtags) AS written
  GROUP BY 1
),
latest AS (
  SELECT id, created_at, received_at, user_username, text, sentiment
  FROM recent
  ORDER BY received_at DESC, id DESC
  LIMIT 12
),
told AS (
  SELECT `at`, credit_dollars, credit_days, cap_days FROM ingester_events WHERE `at` >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR)
)
SELECT
  (SELECT COUNT(*) FROM recent) AS total_posts,
  (SELECT COUNTIF(retweet_of IS NULL) FROM recent) AS no_retweets,
  (SELECT AVG(sentiment) FROM recent) AS sentiment,
  (SELECT COUNT(sentiment) FROM recent) AS n_sentiment,
  (SELECT MAX(received_at) FROM recent) AS last_post_at,
  ARRAY(SELECT AS STRUCT step, posts, n, sentiment FROM steps ORDER BY step) AS steps,
  ARRAY(SELECT AS STRUCT hashtag, posts FROM tags ORDER BY posts DESC, hashtag LIMIT 10) AS hashtags,
  ARRAY(
    SELECT AS STRUCT id, created_at, received_at, user_username, text, sentiment FROM latest ORDER BY received_at DESC, id DESC
  ) AS latest,
  (SELECT COUNT(DISTINCT IF(id = '', message_id, id)) FROM archive
    WHERE received_at >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR) AND source != 'doctor') AS received,
  (SELECT COUNT(DISTINCT id) FROM tweet_versions
    WHERE created_at >= DATETIME(TIMESTAMP_SUB(@now, INTERVAL 192 HOUR))
      AND received_at >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR) AND source != 'doctor') AS loaded,
  (SELECT COUNT(DISTINCT id) FROM filtered WHERE received_at >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR)) AS filtered,
  (SELECT COUNT(DISTINCT message_id) FROM rejected WHERE publish_time >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR)) AS rejected,
  (SELECT COUNT(*) FROM stream_gaps WHERE status = 'open') AS gaps_open,
  (SELECT COUNT(*) FROM stream_gaps WHERE changed_at >= TIMESTAMP_SUB(@now, INTERVAL 24 HOUR) AND status != 'open') AS gaps_closed,
  (SELECT MAX(`at`) FROM told) AS ingester_told_at,
  (SELECT ANY_VALUE(credit_dollars HAVING MAX `at`) FROM told WHERE credit_dollars IS NOT NULL) AS credit_dollars,
  (SELECT ANY_VALUE(credit_days HAVING MAX `at`) FROM told WHERE credit_dollars IS NOT NULL) AS credit_days,
  (SELECT ANY_VALUE(cap_days HAVING MAX `at`) FROM told WHERE cap_days IS NOT NULL) AS cap_days,
  (SELECT SUM(dollars) FROM spending WHERE day = DATE(@now)) AS dollars_today
