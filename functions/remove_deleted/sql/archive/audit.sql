-- What is about to be removed, and why: ids, never content.
INSERT INTO removals (id, table_name, action, reason, event, row_count, `at`)
SELECT v.id, 'archive', 'row_removed', MIN(d.reason), MIN(d.event), COUNT(*), @now
FROM archive AS v
JOIN (
  SELECT id, MIN(reason) AS reason, MIN(event) AS event FROM deletions WHERE reason != 'scrub_geo' GROUP BY id
) AS d ON d.id = v.id
WHERE
  (v.received_at >= @from AND v.received_at < @to OR v.received_at IS NULL AND @undated)
  AND v.publish_time < @before
GROUP BY v.id
