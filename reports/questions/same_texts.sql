-- title: Texts that several authors posted as their own
-- section: Topics and words
-- order: 645
-- scans: the text, authors and kinds of the period's days.
-- note: They may be copied by hand, by programs or in a campaign. Retweets are left out. Texts are compared without case, links,
--   mentions, digits, punctuation and spaces, from 20 letters on. minutes is the time from the first such post to the last.
-- empty: No text was posted by several authors in this period.
WITH compared AS (
  SELECT
    user_id,
    created_at,
    id,
    text,
    REGEXP_REPLACE(text, r'https?://\S+|@\w+', '') AS said
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND retweet_of IS NULL AND text IS NOT NULL AND user_id IS NOT NULL
)
SELECT
  COUNT(DISTINCT user_id) AS authors,
  COUNT(*) AS posts,
  DATETIME_DIFF(MAX(created_at), MIN(created_at), SECOND) / 60 AS minutes,
  MIN(id) AS id,
  ANY_VALUE(text HAVING MIN id) AS text
FROM (SELECT *, REGEXP_REPLACE(FOLDED(said), r'[^\p{L}]', '') AS letters FROM compared)
WHERE LENGTH(letters) >= 20
GROUP BY letters
HAVING authors >= GREATEST(@minimum, 2)
ORDER BY authors DESC, posts DESC, id
LIMIT 25
