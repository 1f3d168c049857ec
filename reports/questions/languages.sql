-- title: Posts per language, and how many of them have a sentiment
-- section: Places
-- order: 330
-- scans: the language, sentiment and keywords of the period's days.
-- note: Languages are X's guesses (BCP 47); 'und' is where it had none.
-- chart: bars lang posts share with_sentiment
SELECT
  COALESCE(lang, 'und') AS lang,
  COUNT(*) AS posts,
  COUNT(*) / SUM(COUNT(*)) OVER () AS share,
  COUNT(sentiment) / COUNT(*) AS with_sentiment
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY 1
ORDER BY posts DESC, 1
LIMIT 25
