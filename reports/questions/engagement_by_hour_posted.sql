-- title: Likes about a day later, by the hour of the week in which a post was made
-- section: Engagement
-- order: 260
-- scans: all of the posts of the period's days, and their readings.
-- note: From posts that were read again (ingester refresh, REFRESH_AFTER), 12 to 48 hours after they were made; of several readings the
--   first counts. posts_read is how many such posts the hour has. likes_typical is the geometric mean (of likes + 1, less 1), which one
--   post that everybody likes hardly moves; likes_mean is the arithmetic one. The chart leaves out hours with fewer than ten posts.
-- empty: No post of this period was read again about a day after it was made: scripts/ingester refresh does.
WITH
READINGS()
SELECT
  MOD(EXTRACT(DAYOFWEEK FROM made) + 5, 7) AS weekday,  -- 0 is Monday
  EXTRACT(HOUR FROM made) AS hour,
  COUNT(*) AS posts_read,
  EXP(AVG(LN(likes + 1))) - 1 AS likes_typical,
  AVG(likes) AS likes_mean,
  AVG(reposts) AS reposts_mean,
  AVG(replies) AS replies_mean,
  AVG(quotes) AS quotes_mean
FROM (SELECT *, DATETIME(TIMESTAMP(created_at), @timezone) AS made FROM readings)
WHERE age = 'after about a day'
GROUP BY 1, 2
ORDER BY 1, 2
