-- Which hashtags do most posts carry? Case does not matter; a post counts once for each of its hashtags.
SELECT CONCAT('#', LOWER(written)) AS hashtag, COUNT(DISTINCT id) AS posts
FROM tweets, UNNEST(hashtags) AS written
GROUP BY 1
ORDER BY posts DESC, hashtag
LIMIT 10
