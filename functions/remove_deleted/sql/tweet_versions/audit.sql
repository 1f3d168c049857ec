-- What is about to be removed, and why: ids, never content.
INSERT INTO removals (id, table_name, action, reason, event, row_count, `at`)
SELECT v.id, 'tweet_versions', 'row_removed', MIN(d.reason), MIN(d.event), COUNT(*), @now
FROM tweet_versions AS v
JOIN (
  SELECT id, MIN(reason) AS reason, MIN(event) AS event FROM deletions WHERE reason != 'scrub_geo' GROUP BY id
) AS d ON d.id = v.id
WHERE
  (v.created_at >= @from AND v.created_at < @to OR v.created_at IS NULL AND @undated)
  AND v.loaded_at < @before
GROUP BY v.id
