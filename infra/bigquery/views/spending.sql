-- What may X charge for each day (UTC)? For posts, authors, the posts that they refer to and requests for counts, as the money guard counts: never less than the bill.
-- dollars are X's, $0.005 a unit (2026-08). Imported posts cost nothing. Filter by day: it prunes partitions.
SELECT
  day,
  SUM(units) AS units,
  ROUND(SUM(units) * 0.005, 3) AS dollars
FROM (
  SELECT
    DATE(`at`) AS day,
    -- a reservation without a newer row belongs to a program that was killed: X may have billed it
    own_units + IF(`at` < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 MINUTE), COALESCE(reserved_units, 0), 0) AS units
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.ingester_events`
  WHERE own_units IS NOT NULL
  -- each program counts its own; `at` may go back where a clock is corrected
  QUALIFY ROW_NUMBER() OVER (PARTITION BY DATE(`at`), holder ORDER BY COALESCE(sequence, 0) DESC) = 1
  UNION ALL
  -- rows of earlier versions have a total of all programs
  SELECT DATE(`at`) AS day, MAX(delivered_today) AS units
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.ingester_events`
  WHERE own_units IS NULL AND delivered_today IS NOT NULL
  GROUP BY day
)
GROUP BY day
