-- What does a dashboard show? One flat row a post of the view tweets: no arrays, no JSON, a link, times as instants.
-- Filter by created_at: it prunes partitions, as in tweets.
SELECT
  id,
  CONCAT('https://x.com/i/status/', id) AS link,
  created_at,
  TIMESTAMP(created_at) AS posted_at,
  received_at,
  CASE
    WHEN retweet_of IS NOT NULL THEN 'retweet'
    WHEN quote_of IS NOT NULL THEN 'quote'
    WHEN reply_to IS NOT NULL THEN 'reply'
    ELSE 'original'
  END AS kind,
  text,
  lang,
  sentiment,
  user_id,
  user_username,
  user_name,
  user_location,
  user_followers_count,
  tweet_location,
  country_code,
  longitude,
  latitude,
  ARRAY_TO_STRING(hashtags, ' ') AS hashtags,
  ARRAY_TO_STRING(mentions, ' ') AS mentions,
  ARRAY_TO_STRING(urls, ' ') AS urls,
  ARRAY_TO_STRING(rules, ', ') AS rules,
  ARRAY_TO_STRING(keywords, ', ') AS keywords,
  original_retweet_count,
  original_favorite_count,
  source
FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweets`
