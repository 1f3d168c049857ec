-- title: Posts that grew most between two readings of their counts
-- section: Engagement
-- order: 270
-- scans: all of the posts of the period's days, and their readings.
-- note: Each post's first and last counts: the first are mostly those at delivery, seconds after the post was made. gained is the sum of
--   likes, reposts, replies and quotes that came between. age_hours is how old the post was at the last one.
-- empty: No post of this period has more likes, reposts, replies or quotes in its last reading than in its first.
-- finding: The post that grew most gained {gained:,} likes, reposts, replies and quotes, and had {likes:,} likes after {age_hours:,.0f} hours.
SELECT
  tweets.id,
  MAX(counts.age_hours) AS age_hours,
  ANY_VALUE(counts.likes HAVING MAX counts.counted_at) AS likes,
  ANY_VALUE(counts.likes + counts.reposts + counts.replies + counts.quotes HAVING MAX counts.counted_at)
  - ANY_VALUE(counts.likes + counts.reposts + counts.replies + counts.quotes HAVING MIN counts.counted_at) AS gained,
  ANY_VALUE(tweets.text) AS text
FROM tweets JOIN engagement AS counts ON counts.id = tweets.id AND counts.created_at = tweets.created_at
WHERE tweets.created_at >= DATETIME(@from) AND tweets.created_at < DATETIME(@to) FILTERS(tweets)
  AND tweets.retweet_of IS NULL AND counts.likes IS NOT NULL
GROUP BY tweets.id
HAVING gained > 0
ORDER BY gained DESC, tweets.id
LIMIT 10
