-- The rows of posts that may not be kept. The range prunes partitions; fresher rows are in the streaming buffer, which DML cannot touch.
DELETE FROM archive
WHERE
  (received_at >= @from AND received_at < @to OR received_at IS NULL AND @undated)
  AND publish_time < @before
  AND id IN (SELECT id FROM deletions WHERE reason != 'scrub_geo')
