-- The same posts without what may not be kept.
UPDATE tweet_versions AS v
SET
  payload = PARSE_JSON(r.payload),
  tweet_location = IF(r.unplaced, NULL, v.tweet_location),
  country_code = IF(r.unplaced, NULL, v.country_code),
  longitude = IF(r.unplaced, NULL, v.longitude),
  latitude = IF(r.unplaced, NULL, v.latitude)
FROM (
  SELECT
    JSON_VALUE(one, '$.id') AS id,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(one, '$.loaded_at') AS INT64)) AS loaded_at,
    JSON_VALUE(one, '$.payload') AS payload,
    JSON_VALUE(one, '$.unplaced') = 'true' AS unplaced
  FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS one
) AS r
WHERE
  v.id = r.id
  AND v.loaded_at = r.loaded_at
  AND (v.created_at >= @from AND v.created_at <= @to OR v.created_at IS NULL AND @undated)
  AND v.loaded_at < @before
