-- title: Since when and until when has the ingester told of itself in the period, and for how long was the stream not held in between?
-- scans: the times in the ledger, and the ledger of gaps.
WITH told AS (
  SELECT MIN(`at`) AS first_told, MAX(`at`) AS last_told FROM ingester_events WHERE `at` <= @to
),
GAPS()
SELECT
  (SELECT first_told FROM told) AS first_told,
  (SELECT last_told FROM told) AS last_told,
  (SELECT COALESCE(SUM(TIMESTAMP_DIFF(until, since, SECOND)), 0) FROM gaps) AS seconds_not_held
