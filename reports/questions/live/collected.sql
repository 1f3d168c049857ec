-- title: When did posts begin to be collected, and when did it end, as far as the period shows it?
-- scans: the ingester's events, and the times of the period's days.
SELECT
  (SELECT MIN(`at`) FROM ingester_events) AS first_told,
  (SELECT MAX(`at`) FROM ingester_events) AS last_told,
  TIMESTAMP(MIN(created_at)) AS first_post,
  TIMESTAMP(MAX(created_at)) AS last_post
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
