-- How many rows are to go, by month, and how many are too fresh to be touched?
SELECT TIMESTAMP_TRUNC(received_at, MONTH) AS month, COUNTIF(publish_time < @before) AS row_count, COUNTIF(publish_time >= @before) AS fresh
FROM archive
WHERE id IN (SELECT id FROM deletions WHERE reason != 'scrub_geo')
GROUP BY month
