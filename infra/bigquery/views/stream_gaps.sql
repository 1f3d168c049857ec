-- When was the stream not held, and what became of each gap? The newest state of every gap.
SELECT
  gap_id,
  since,
  until,
  reason,
  COALESCE(status, 'open') AS status,
  posts_expected,
  posts_recovered,
  `at` AS changed_at,
  note
FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.ingester_events`
WHERE event IN ('gap_opened', 'gap_filled')
  AND COALESCE(reason, '') != 'manual'  -- a search by hand is no gap
-- a gap is filled once; a clock that was put right in between must not open it again
QUALIFY ROW_NUMBER() OVER (PARTITION BY gap_id ORDER BY event = 'gap_filled' DESC, `at` DESC) = 1
