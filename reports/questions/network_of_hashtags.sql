-- title: Hashtags that appear in the same posts
-- section: Networks
-- order: 810
-- scans: the hashtags and keywords of the period's days.
-- note: An edge joins two hashtags; weight is the posts that have both. They are compared as in top_hashtags. Pairs on fewer than the
--   minimum of posts are left out. Of a post with more than 100 hashtags the first 100 count: their pairs grow with the square.
-- empty: No two hashtags are together on at least {minimum} posts of this period.
-- finding: {source} and {target} are together most: {weight:posts}.
-- chart: network
WITH written_tags AS (
  SELECT DISTINCT id, CONCAT('#', FOLDED(written)) AS hashtag
  FROM tweets, UNNEST(hashtags) AS written
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
),
tagged AS (
  SELECT id, hashtag FROM written_tags WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY hashtag) <= 100
)
SELECT one.hashtag AS source, other.hashtag AS target, COUNT(*) AS weight
FROM tagged AS one JOIN tagged AS other ON other.id = one.id AND other.hashtag > one.hashtag
GROUP BY 1, 2
HAVING weight >= @minimum
ORDER BY weight DESC, 1, 2
LIMIT 200000
