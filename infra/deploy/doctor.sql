-- Is the stream held, by how many, what is missing, what was spent, and when did the last row come?
WITH last_words AS (
  SELECT
    holder,
    MAX(`at`) AS heard,
    MAX(IF(event IN ('connected', 'disconnected', 'refused', 'stopped'), FORMAT_TIMESTAMP('%FT%H:%M:%E6S', `at`) || ' ' || event, NULL)) AS standing,
    MAX(IF(event = 'stopped', FORMAT_TIMESTAMP('%FT%H:%M:%E6S', `at`) || ' ' || COALESCE(note, reason, ''), NULL)) AS stopped
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.ingester_events`
  WHERE `at` >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 DAY)
  GROUP BY holder
),
gaps AS (
  SELECT COUNT(*) AS open_gaps, COALESCE(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(changed_at), SECOND), 0) AS gap_seconds
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.stream_gaps`
  WHERE status = 'open'
),
spent AS (
  SELECT COALESCE(SUM(units), 0) AS today
  FROM (
    -- stream and searches each count their own; rows of earlier versions have a total
    SELECT COALESCE(MAX(own_units), MAX(delivered_today)) AS units
    FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.ingester_events`
    WHERE `at` >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY)
    GROUP BY IF(own_units IS NULL, '', holder)
  )
),
balance AS (
  SELECT COALESCE(SUM(balance), 0) AS unended, COALESCE(SUM(loaded), 0) AS kept, COALESCE(SUM(filtered), 0) AS dropped
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.receipt`
  WHERE hour >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY)
),
bad AS (
  SELECT COUNT(*) AS rejected
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.rejected`
  WHERE publish_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) AND COALESCE(reason, '') != 'no_post'
),
asked AS (
  SELECT
    DIV(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(IF(event = 'finished', round, NULL)), SECOND), 3600) AS asked_hours,
    MIN(`at`) AS first_run
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.compliance_jobs`
),
posts AS (
  SELECT TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(loaded_at), SECOND) AS row_age
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweet_versions`
  WHERE created_at >= DATETIME(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 8 DAY)) AND source != 'doctor'
),
account AS (
  SELECT credit_dollars, credit_days, cap_posts, cap_days
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.ingester_events`
  WHERE `at` >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) AND event = 'alive' AND COALESCE(credit_dollars, cap_posts) IS NOT NULL
  ORDER BY `at` DESC
  LIMIT 1
)
SELECT
  (SELECT credit_dollars FROM account) AS credit_dollars,
  (SELECT credit_days FROM account) AS credit_days,
  (SELECT cap_posts FROM account) AS cap_posts,
  (SELECT cap_days FROM account) AS cap_days,
  (SELECT COUNTIF(standing LIKE '% connected' AND heard >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 150 SECOND)) FROM last_words) AS holders,
  (SELECT MAX(stopped) FROM last_words) AS stopped,
  open_gaps,
  gap_seconds,
  today,
  unended,
  kept,
  dropped,
  rejected,
  row_age,
  asked_hours,
  DIV(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), first_run, SECOND), 3600) AS removal_hours
FROM gaps, spent, balance, bad, asked, posts
