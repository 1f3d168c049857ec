-- How did engagement grow? One row a post of the view tweets and reading of its counts: at delivery, by a search, or when the post was read again.
-- age_hours is how old the post was. impressions and bookmarks are NULL where X did not give them. Filter by created_at: it prunes partitions.
SELECT
  versions.id,
  versions.created_at,
  versions.received_at AS counted_at,
  versions.source,
  TIMESTAMP_DIFF(versions.received_at, TIMESTAMP(versions.created_at), SECOND) / 3600 AS age_hours,
  versions.favorite_count AS likes,
  versions.retweet_count AS reposts,
  versions.reply_count AS replies,
  versions.quote_count AS quotes,
  SAFE_CAST(JSON_VALUE(versions.payload, '$.data.public_metrics.bookmark_count') AS INT64) AS bookmarks,
  SAFE_CAST(JSON_VALUE(versions.payload, '$.data.public_metrics.impression_count') AS INT64) AS impressions
FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweet_versions` AS versions
JOIN `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweets` AS shown
  ON shown.id = versions.id AND shown.created_at = versions.created_at
WHERE versions.source IN ('stream', 'search', 'refresh')
-- X delivers a post once for each rule, and a message may be stored twice: one reading a moment
QUALIFY ROW_NUMBER() OVER (PARTITION BY versions.created_at, versions.id, versions.received_at ORDER BY versions.loaded_at DESC) = 1
