-- title: Authors per day, and how many of them are new
-- section: Authors
-- order: 630
-- scans: the authors and keywords of the period's days.
-- note: new_authors are those whose first post of the period is of that day, so on the period's first day all are new. Days without
--   posts are left out.
-- rows: by time
WITH days AS (
  SELECT DISTINCT DATE(DATETIME(TIMESTAMP(created_at), @timezone)) AS day, user_id
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
    AND user_id IS NOT NULL
),
ranked AS (
  SELECT day, user_id, MIN(day) OVER (PARTITION BY user_id) AS first_day FROM days
)
SELECT day, COUNT(*) AS authors, COUNTIF(day = first_day) AS new_authors
FROM ranked
GROUP BY day
ORDER BY day
