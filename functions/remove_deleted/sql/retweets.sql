-- A retweet says its original's words: it goes with it. Retweets that only the archive has are found by its carriers.
INSERT INTO deletions (id, chain_id, reason, event, `at`, copy_of)
WITH gone AS (
  SELECT id, reason, event
  FROM deletions
  WHERE reason != 'scrub_geo'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY `at` DESC, event) = 1
)
SELECT r.id, r.id, MIN(g.reason), MIN(g.event), @now, MIN(g.id)
FROM tweet_versions AS r
JOIN gone AS g ON g.id = r.retweet_of
WHERE NOT EXISTS (SELECT 1 FROM gone AS other WHERE other.id = r.id)
GROUP BY r.id
