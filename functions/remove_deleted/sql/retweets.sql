-- A retweet says its original's words: it goes with it.
INSERT INTO deletions (id, chain_id, reason, event, `at`, copy_of)
WITH gone AS (
  SELECT id, MIN(reason) AS reason, MIN(event) AS event FROM deletions WHERE reason != 'scrub_geo' GROUP BY id
),
archived AS (
  SELECT id, SAFE.PARSE_JSON(payload) AS message FROM archive
),
retweets AS (
  SELECT id, retweet_of FROM tweet_versions WHERE retweet_of IS NOT NULL
  UNION DISTINCT
  SELECT a.id, JSON_VALUE(reference, '$.id')
  FROM archived AS a
  CROSS JOIN UNNEST(ARRAY_CONCAT(
    IFNULL(JSON_QUERY_ARRAY(a.message, '$.data.referenced_tweets'), []),
    IFNULL(JSON_QUERY_ARRAY(a.message, '$.data.referenced_posts'), [])
  )) AS reference
  WHERE JSON_VALUE(reference, '$.type') IN ('retweeted', 'reposted')
)
SELECT r.id, r.id, MIN(g.reason), MIN(g.event), @now, MIN(g.id)
FROM retweets AS r
JOIN gone AS g ON g.id = r.retweet_of
WHERE r.id != '' AND NOT EXISTS (SELECT 1 FROM gone AS other WHERE other.id = r.id)
GROUP BY r.id
