-- title: Posts that contain the words, with the text around them
-- scans: the texts, authors, languages and keywords of the period's days.
-- note: Retweets are left out. Shown is a random sample of the posts found (--sample N), the same each time; found says how many there
--   are.
-- empty: No post of this period but retweets says '{search}'. A * finds beginnings of words: klima*.
-- columns: posted_at user_username lang id before match after found
WITH matched AS (
  SELECT
    id, created_at, user_username, lang, text,
    COUNT(*) OVER () AS found,
    ROW_NUMBER() OVER (ORDER BY TO_HEX(MD5(CONCAT(CAST(@seed AS STRING), ':', id)))) AS place
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
    AND retweet_of IS NULL AND REGEXP_CONTAINS(FOLDED(text), @pattern)
)
SELECT
  DATETIME(TIMESTAMP(created_at), @timezone) AS posted_at,
  user_username,
  lang,
  id,
  text,
  found
FROM matched
WHERE place <= @sample
ORDER BY posted_at, id
