-- title: Gaps in the stream, and what was fetched again
-- section: Completeness
-- order: 1205
-- when: streamed
-- scans: the ledger of gaps.
-- note: For all rules. missing is the number of posts that X counts in the gap and that are not here. Most are retweets, which recent
--   search does not return. Offsets are minutes from UTC.
-- empty: No gap is known in this period.
-- columns: since until seconds reason status posts_expected posts_recovered missing note
SELECT
  DATETIME(since, @timezone) AS since,
  DATETIME(until, @timezone) AS until,
  TIMESTAMP_DIFF(COALESCE(until, @to), since, SECOND) AS seconds,
  reason,
  status,
  posts_expected,
  posts_recovered,
  posts_expected - posts_recovered AS missing,
  note,
  DATETIME_DIFF(DATETIME(since, @timezone), DATETIME(since), MINUTE) AS since_offset,
  DATETIME_DIFF(DATETIME(until, @timezone), DATETIME(until), MINUTE) AS until_offset
FROM stream_gaps
WHERE since < @to AND COALESCE(until, @to) > @from
ORDER BY stream_gaps.since DESC
