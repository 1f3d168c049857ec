-- What do people query? One row a post: the newest version of each edit chain, nothing that was deleted, no duplicates.
-- created_at stands in the window's PARTITION BY so that a date range prunes partitions; an id has one created_at.
SELECT
  v.* REPLACE (
    IF(scrubbed.id IS NULL, v.tweet_location, NULL) AS tweet_location,
    IF(scrubbed.id IS NULL, v.longitude, NULL) AS longitude,
    IF(scrubbed.id IS NULL, v.latitude, NULL) AS latitude,
    IF(scrubbed.id IS NULL, v.country_code, NULL) AS country_code,
    IF(scrubbed.id IS NULL, v.payload, JSON_REMOVE(JSON_REMOVE(v.payload, '$.data.geo'), '$.includes.places')) AS payload
  )
FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.tweet_versions` AS v
LEFT JOIN (
  SELECT DISTINCT id FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` WHERE reason = 'scrub_geo'
) AS scrubbed ON scrubbed.id = v.id
WHERE
  v.source != 'doctor'
  AND NOT EXISTS (
    SELECT 1 FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.superseded` AS s WHERE s.id = v.id
  )
  AND NOT EXISTS (
    SELECT 1 FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` AS d
    WHERE d.id = v.id AND d.reason != 'scrub_geo'
  )
  AND NOT EXISTS (
    SELECT 1 FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.deletions` AS d
    WHERE d.chain_id = COALESCE(v.edit_of, v.id) AND d.reason != 'scrub_geo'
  )
QUALIFY ROW_NUMBER() OVER (PARTITION BY v.created_at, v.id ORDER BY v.loaded_at DESC) = 1
