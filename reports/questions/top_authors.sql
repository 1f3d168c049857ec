-- title: Authors by reach
-- section: Authors
-- order: 705
-- scans: the authors, followers and text kinds of the period's days.
-- note: Reach is followers times posts: the most views these posts can have had from followers. Followers are as of the author's last
--   post here.
-- empty: No author has at least {minimum:posts} in this period.
SELECT
  user_id,
  ANY_VALUE(user_username HAVING MAX received_at) AS username,
  COUNT(*) AS posts,
  COUNTIF(retweet_of IS NULL) AS own_posts,
  ANY_VALUE(user_followers_count HAVING MAX received_at) AS followers,
  SUM(user_followers_count) AS reach
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND user_id IS NOT NULL
GROUP BY user_id
HAVING posts >= @minimum AND reach IS NOT NULL
ORDER BY reach DESC, user_id
LIMIT 25
