-- Did every message that arrived end somewhere? Per hour of received_at: distinct messages archived, and where each ended.
-- Messages of the last 5 minutes may still be on their way and are left out. `balance` is zero, or something is missing.
WITH archived AS (
  SELECT
    TIMESTAMP_TRUNC(received_at, HOUR) AS hour,
    IF(id = '', message_id, id) AS key,
    ANY_VALUE(id) AS id,
    ARRAY_AGG(message_id) AS message_ids
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.archive`
  WHERE
    received_at < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 MINUTE)
    AND source NOT IN ('doctor', 'refresh')  -- a reading is of a post that has arrived already
    -- what may not be kept leaves the tables one after the other, and is in no account
    AND id NOT IN (
      SELECT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` WHERE reason != 'scrub_geo'
    )
  GROUP BY 1, 2
),
rejected AS (
  SELECT DISTINCT message_id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.rejected`
  UNION DISTINCT
  -- a dead letter has a message id of its own: the message that it carries is named by the post's id. Bytes that are no JSON
  -- are here too, so it is read as text: the topic's schema has the id first
  SELECT DISTINCT REGEXP_EXTRACT(SAFE_CONVERT_BYTES_TO_STRING(data), r'^\s*{\s*"id"\s*:\s*"([0-9]+)"')
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.rejected`
),
ended AS (
  SELECT
    a.hour,
    a.key,
    LOGICAL_OR(v.id IS NOT NULL) AS loaded,
    LOGICAL_OR(f.id IS NOT NULL) AS filtered,
    LOGICAL_OR(r.message_id IS NOT NULL OR d.message_id IS NOT NULL) AS rejected
  FROM archived AS a
  CROSS JOIN UNNEST(a.message_ids) AS one_id
  LEFT JOIN (
    SELECT DISTINCT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweet_versions`
  ) AS v ON v.id = a.id
  LEFT JOIN (
    SELECT DISTINCT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.filtered`
  ) AS f ON f.id = a.id
  LEFT JOIN rejected AS r ON r.message_id = one_id
  LEFT JOIN rejected AS d ON d.message_id = a.id AND a.id != ''
  GROUP BY 1, 2
)
SELECT
  hour,
  COUNT(*) AS archived,
  COUNTIF(loaded) AS loaded,
  COUNTIF(filtered AND NOT loaded) AS filtered,
  COUNTIF(rejected AND NOT loaded AND NOT filtered) AS rejected,
  COUNTIF(NOT loaded AND NOT filtered AND NOT rejected) AS balance
FROM ended
GROUP BY hour
