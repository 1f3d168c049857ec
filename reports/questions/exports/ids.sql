-- title: Which posts are there? Their ids alone: what X's policy lets one pass on, for others to fetch the posts themselves.
-- scans: the id and time of the period's days.
SELECT id
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
ORDER BY created_at, id
