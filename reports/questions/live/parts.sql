-- title: Which parts of a comparison have posts, and how many?
-- scans: what the parts are told apart by, of the period's days.
SELECT part, COUNT(*) AS posts
FROM tweets, UNNEST(PARTS()) AS part
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY part
ORDER BY posts DESC, part
LIMIT 1000
