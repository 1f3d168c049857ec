-- How much was said in each hour (UTC), and in what mood? Filter by day, a date: it prunes partitions. Sums over hours and
-- languages add up.
SELECT
  DATE(created_at) AS day,
  TIMESTAMP_TRUNC(TIMESTAMP(created_at), HOUR) AS hour,
  lang,
  COUNT(*) AS posts,
  COUNTIF(retweet_of IS NOT NULL) AS retweets,
  COUNTIF(quote_of IS NOT NULL AND retweet_of IS NULL) AS quotes,
  COUNTIF(reply_to IS NOT NULL AND quote_of IS NULL AND retweet_of IS NULL) AS replies,
  SUM(user_followers_count) AS reach,
  SUM(sentiment) AS sentiment_sum,
  COUNT(sentiment) AS sentiment_n
FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweets`
WHERE created_at IS NOT NULL
GROUP BY 1, 2, 3
