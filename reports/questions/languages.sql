-- title: Posts per language
-- section: Languages
-- order: 405
-- scans: the language and sentiment of the period's days.
-- note: Languages are those that X detected (BCP 47); 'und' means none. with_sentiment is the share of posts with a score.
-- chart: bars lang posts share with_sentiment
SELECT
  COALESCE(lang, 'und') AS lang,
  COUNT(*) AS posts,
  COUNT(*) / SUM(COUNT(*)) OVER () AS share,
  COUNT(sentiment) / COUNT(*) AS with_sentiment
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY 1
ORDER BY posts DESC, 1
LIMIT 25
