-- The same messages without what may not be kept.
UPDATE archive AS v
SET payload = r.payload
FROM (
  SELECT JSON_VALUE(one, '$.message_id') AS message_id, JSON_VALUE(one, '$.payload') AS payload
  FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS one
) AS r
WHERE
  v.message_id = r.message_id
  AND (v.received_at >= @from AND v.received_at <= @to OR v.received_at IS NULL AND @undated)
  AND v.publish_time < @before
