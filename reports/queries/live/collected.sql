-- When did posts begin to be collected, as far as the period shows it?
-- Scans: the ingester's events, and the times of the period's days.
SELECT
  (SELECT MIN(`at`) FROM ingester_events) AS first_told,
  (
    SELECT TIMESTAMP(MIN(created_at)) FROM tweets WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  ) AS first_post
