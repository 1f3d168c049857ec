-- The same bad messages without what may not be kept.
UPDATE rejected AS v
SET data = FROM_BASE64(r.data)
FROM (
  SELECT JSON_VALUE(one, '$.digest') AS digest, JSON_VALUE(one, '$.data') AS data
  FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS one
) AS r
WHERE
  TO_HEX(MD5(v.data)) = r.digest
  AND (v.publish_time >= @from AND v.publish_time <= @to OR v.publish_time IS NULL AND @undated)
  AND COALESCE(v.rejected_at, v.publish_time) < @before
