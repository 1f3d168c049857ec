-- title: Since when and until when has the ingester told of itself in the period, and for how long was the stream not held in between?
-- scans: the times in the ledger, and the ledger of gaps.
WITH told AS (
  SELECT MIN(`at`) AS first_told, MAX(`at`) AS last_told FROM ingester_events WHERE `at` <= @to
),
gaps AS (
  SELECT GREATEST(since, @from) AS since, LEAST(COALESCE(until, @to), @to) AS until
  FROM stream_gaps
  WHERE since < @to AND COALESCE(until, @to) > @from
),
ordered AS (
  SELECT since, until, MAX(until) OVER (ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_before FROM gaps
)
SELECT
  (SELECT first_told FROM told) AS first_told,
  (SELECT last_told FROM told) AS last_told,
  (
    SELECT COALESCE(SUM(TIMESTAMP_DIFF(until, GREATEST(since, COALESCE(until_before, since)), SECOND)), 0)
    FROM ordered
    WHERE until > COALESCE(until_before, since)
  ) AS seconds_not_held
