-- title: Words per language
-- section: Topics
-- order: 510
-- scans: the texts, authors, rules, languages and keywords of the period's days.
-- note: This query gives the posts whose words are counted: all but retweets, and where there are more than 20,000, a random sample of
--   them. scripts/reports cuts the texts into words (by ICU, with dictionaries for Chinese, Japanese, Thai, Lao, Khmer and Burmese), and
--   leaves out links, mentions and the commonest words of each language (stopwords-iso). A post counts once for each of its words.
-- empty: No word is in more than one post of this period.
-- chart: columns lang word share
-- columns: lang word posts authors share
SELECT
  user_id,
  COALESCE(lang, 'und') AS lang,
  DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour,
  created_at >= DATETIME(TIMESTAMP_SUB(@to, INTERVAL 168 HOUR)) AS is_this_week,
  rules,
  text
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
  AND retweet_of IS NULL AND text IS NOT NULL
ORDER BY TO_HEX(MD5(id))
LIMIT 20000
