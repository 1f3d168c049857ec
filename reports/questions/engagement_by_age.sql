-- title: Likes, reposts, replies and quotes by kind, about a day and about a week after a post was made
-- section: Engagement
-- order: 255
-- scans: all of the posts of the period's days, and their readings.
-- note: From posts that were read again (ingester refresh, REFRESH_AFTER): after about a day are readings at 12 to 48 hours, after about a
--   week those at 5 to 9 days; of several the first counts. posts_read is how many posts were read at that age. likes and reposts are
--   medians, the means are beside them: where the mean is far above the median, a few posts have most of them. Retweets are not read.
--   impressions is the median where X gave it, likes_per_1000_impressions the rate over all posts that have both.
-- empty: No post of this period was read again for its counts: scripts/ingester refresh does.
-- chart: bars kind_and_age likes_mean posts_read
WITH
READINGS()
SELECT
  CONCAT(kind, ', ', age) AS kind_and_age,
  COUNT(*) AS posts_read,
  APPROX_QUANTILES(likes, 2)[OFFSET(1)] AS likes,
  AVG(likes) AS likes_mean,
  APPROX_QUANTILES(reposts, 2)[OFFSET(1)] AS reposts,
  AVG(reposts) AS reposts_mean,
  AVG(replies) AS replies_mean,
  AVG(quotes) AS quotes_mean,
  APPROX_QUANTILES(impressions, 2)[OFFSET(1)] AS impressions,
  SAFE_DIVIDE(1000 * SUM(IF(impressions IS NULL, NULL, likes)), SUM(IF(likes IS NULL, NULL, impressions))) AS likes_per_1000_impressions
FROM readings
GROUP BY kind, age
ORDER BY age, posts_read DESC, kind
