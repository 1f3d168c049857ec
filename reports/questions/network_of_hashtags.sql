-- title: Hashtags used together
-- section: Networks
-- order: 805
-- scans: the hashtags of the period's days.
-- note: An edge joins two hashtags; its weight is the number of posts that have both. Spellings are compared as in top_hashtags. Pairs in
--   fewer posts than the minimum are left out. Only the first 100 hashtags of a post count. The chart shows the densest part: a node's
--   size is the sum of its weights, its colour its community (Louvain).
-- empty: No two hashtags are used together in at least {minimum:posts} of this period; --minimum 1 takes every pair.
-- finding: {source} and {target} are used together most often, in {weight:posts}.
-- chart: network
WITH written_tags AS (
  SELECT DISTINCT id, CONCAT('#', FOLDED(written)) AS hashtag
  FROM tweets, UNNEST(hashtags) AS written
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
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
