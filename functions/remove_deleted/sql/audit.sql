-- What is about to be taken out of rows, and why: ids, never content. `inside` is the row that carried it, where that is another post's.
INSERT INTO removals (id, inside, table_name, action, reason, event, row_count, `at`)
WITH told AS (
  SELECT id, reason = 'scrub_geo' AS location, reason, event
  FROM deletions
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY id, reason = 'scrub_geo' ORDER BY `at` DESC, event) = 1
)
SELECT
  JSON_VALUE(one, '$.id'),
  JSON_VALUE(one, '$.inside'),
  JSON_VALUE(one, '$.table_name'),
  JSON_VALUE(one, '$.action'),
  t.reason,
  t.event,
  1,
  @now
FROM UNNEST(JSON_QUERY_ARRAY(@rows)) AS one
LEFT JOIN told AS t ON t.id = JSON_VALUE(one, '$.id') AND t.location = (JSON_VALUE(one, '$.action') = 'location_removed')
