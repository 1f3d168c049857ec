-- What is about to be removed, and why: ids, never content.
INSERT INTO removals (id, table_name, action, reason, event, row_count, `at`)
SELECT v.id, 'archive', 'row_removed', MIN(d.reason), MIN(d.event), COUNT(*), @now
FROM archive AS v
JOIN (
  SELECT id, reason, event
  FROM deletions
  WHERE reason != 'scrub_geo'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY `at` DESC, event) = 1
) AS d ON d.id = v.id
WHERE
  (v.received_at >= @from AND v.received_at < @to OR v.received_at IS NULL AND @undated)
  AND v.publish_time < @before
  -- a sweep that was cut off has said so already
  AND NOT EXISTS (
    SELECT 1 FROM removals AS r
    WHERE r.id = v.id AND r.table_name = 'archive' AND r.action = 'row_removed' AND r.`at` > TIMESTAMP_ADD(v.publish_time, INTERVAL 90 MINUTE)
  )
GROUP BY v.id
