-- title: Sentiment by language
-- section: Sentiment
-- order: 507
-- scans: the language, sentiment and its model of the period's days.
-- note: A post is negative up to -0.05 and positive from 0.05 on. The shares are of the scored posts, whose number stands beside the
--   language. "84% right" is the model's accuracy (share_right_signs): of labelled posts that people call positive or negative, it gives so
--   many the right sign; where it is missing nobody measured it. Half of the posts that people call neutral are scored negative or
--   positive, so both shares are too large where most posts are neutral. Compare a language with itself: differences between languages may
--   be the model's.
-- columns: lang model posts scored share_scored share_negative share_neutral share_positive mean share_right_signs
SELECT
  COALESCE(lang, 'und') AS lang,
  IF(MIN(model) = MAX(model), MIN(model), CONCAT(MIN(model), ' and ', MAX(model))) AS model,
  COUNT(*) AS posts,
  COUNT(sentiment) AS scored,
  COUNT(sentiment) / COUNT(*) AS share_scored,
  SAFE_DIVIDE(COUNTIF(sentiment <= -0.05), COUNT(sentiment)) AS share_negative,
  SAFE_DIVIDE(COUNTIF(sentiment > -0.05 AND sentiment < 0.05), COUNT(sentiment)) AS share_neutral,
  SAFE_DIVIDE(COUNTIF(sentiment >= 0.05), COUNT(sentiment)) AS share_positive,
  AVG(sentiment) AS mean
FROM (
  SELECT lang, sentiment, IF(sentiment IS NULL, NULL, COALESCE(sentiment_model, 'vader')) AS model
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
)
GROUP BY 1
ORDER BY posts DESC, 1
LIMIT 25
