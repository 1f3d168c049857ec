-- title: Originals, retweets, quotes and replies
-- section: Volume
-- order: 125
-- scans: the kind of the period's days.
-- note: Each post has one kind: retweet, or else quote, or else reply, or else original. Posts fetched by search after a gap contain no
--   retweets, so periods with gaps have too few of them; in_gaps_filled is the number of posts that came from search.
-- chart: bars kind posts share
SELECT
  KIND() AS kind,
  COUNT(*) AS posts,
  COUNT(*) / SUM(COUNT(*)) OVER () AS share,
  SUM(COUNT(*)) OVER () AS n,
  COUNTIF(source = 'search') AS in_gaps_filled
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY 1
ORDER BY posts DESC, 1
