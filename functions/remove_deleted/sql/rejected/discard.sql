-- Bad messages of posts that may not be kept.
DELETE FROM rejected
WHERE
  TO_HEX(MD5(data)) IN (SELECT JSON_VALUE(one, '$.digest') FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS one)
  AND (publish_time >= @from AND publish_time <= @to OR publish_time IS NULL AND @undated)
  AND COALESCE(rejected_at, publish_time) < @before
