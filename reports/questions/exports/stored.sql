-- title: The posts themselves, as they are stored, without X's message
-- scans: all columns of the period's days but X's messages.
SELECT * EXCEPT (payload)
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
ORDER BY created_at, id
