-- title: Words per language
-- section: Topics and words
-- order: 605
-- scans: the texts, authors, rules and languages of the period's days.
-- note: Counted in all posts but retweets; of more than 20,000, in a random sample of that size. Texts are cut into words by ICU, with
--   dictionaries for Chinese, Japanese, Thai, Lao, Khmer and Burmese. Links, mentions and the commonest words of each language
--   (stopwords-iso) are left out. A post counts once for each of its words.
-- empty: No word is in more than one post of this period.
-- chart: ranked lang word share
-- columns: lang word posts authors share
SELECT
  user_id,
  COALESCE(lang, 'und') AS lang,
  DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour,
  created_at >= DATETIME(TIMESTAMP_SUB(@to, INTERVAL 168 HOUR)) AS is_this_week,
  rules,
  PARTS() AS parts,
  text
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND retweet_of IS NULL AND text IS NOT NULL
ORDER BY TO_HEX(MD5(id))
LIMIT 20000
