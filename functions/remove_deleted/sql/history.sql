-- What was done of late, for the decision what is next?
SELECT round, event, `at`, job_id, after_id, to_id, ids, answers, removed, rewritten, left_fresh, bytes_scanned, note
FROM compliance_jobs
WHERE `at` >= @since OR event IN ('begun', 'finished')
