-- The rows of posts that may not be kept. The range prunes partitions; fresher rows are in the streaming buffer, which DML cannot touch.
DELETE FROM tweet_versions
WHERE
  (created_at >= @from AND created_at < @to OR created_at IS NULL AND @undated)
  AND loaded_at < @before
  AND id IN (SELECT id FROM deletions WHERE reason != 'scrub_geo')
