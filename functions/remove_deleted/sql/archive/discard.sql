-- Messages that are no JSON and name a deleted post: what cannot be read cannot be cleaned.
DELETE FROM archive
WHERE
  message_id IN (SELECT JSON_VALUE(one, '$.message_id') FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS one)
  AND (received_at >= @from AND received_at <= @to OR received_at IS NULL AND @undated)
  AND publish_time < @before
