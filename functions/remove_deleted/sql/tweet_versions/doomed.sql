-- How many rows are to go, by month, and how many are too fresh to be touched?
SELECT DATETIME_TRUNC(created_at, MONTH) AS month, COUNTIF(loaded_at < @before) AS row_count, COUNTIF(loaded_at >= @before) AS fresh
FROM tweet_versions
WHERE id IN (SELECT id FROM deletions WHERE reason != 'scrub_geo')
GROUP BY month
