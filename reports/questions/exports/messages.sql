-- title: Which posts are there? As X sent them.
-- scans: the messages, rules and texts of the period's days.
SELECT payload
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
ORDER BY created_at, id
