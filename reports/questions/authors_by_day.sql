-- title: Authors per day
-- section: Authors
-- order: 715
-- scans: the authors of the period's days.
-- note: new_authors have their first post of the period on that day, so on the first day all are new. Days without posts are left out.
-- rows: by time
WITH days AS (
  SELECT DISTINCT DATE(DATETIME(TIMESTAMP(created_at), @timezone)) AS day, user_id
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND user_id IS NOT NULL
),
ranked AS (
  SELECT day, user_id, MIN(day) OVER (PARTITION BY user_id) AS first_day FROM days
)
SELECT day, COUNT(*) AS authors, COUNTIF(day = first_day) AS new_authors
FROM ranked
GROUP BY day
ORDER BY day
