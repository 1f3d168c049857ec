-- title: Share of retweets, quotes, replies and originals
-- section: Volume
-- order: 160
-- scans: the kind and keywords of the period's days.
-- note: A post is of the first kind that fits: a retweet, else a quote, else a reply, else an original. Gaps that search has filled
--   lack retweets, so a period with gaps has too few of them; in_gaps_filled says how many posts came from search.
-- chart: bars kind posts share
SELECT
  CASE
    WHEN retweet_of IS NOT NULL THEN 'retweet'
    WHEN quote_of IS NOT NULL THEN 'quote'
    WHEN reply_to IS NOT NULL THEN 'reply'
    ELSE 'original'
  END AS kind,
  COUNT(*) AS posts,
  COUNT(*) / SUM(COUNT(*)) OVER () AS share,
  SUM(COUNT(*)) OVER () AS n,
  COUNTIF(source = 'search') AS in_gaps_filled
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY 1
ORDER BY posts DESC, 1
