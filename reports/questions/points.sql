-- title: Coordinates of posts
-- section: Places
-- order: 310
-- when: beside
-- scans: the coordinates of the period's days.
-- note: Few posts carry coordinates. They are rounded to a tenth of a degree, about 11 km.
-- empty: No post of this period carries coordinates.
SELECT
  ROUND(latitude, 1) AS latitude,
  ROUND(longitude, 1) AS longitude,
  COUNT(*) AS posts
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND latitude IS NOT NULL AND longitude IS NOT NULL
GROUP BY 1, 2
ORDER BY posts DESC, 1, 2
LIMIT 1000
