-- title: Posts that match the search, with the text around the match
-- scans: the texts, authors and languages of the period's days.
-- note: Without retweets. Shown is a random sample (--sample N), the same each time; found is the number of matching posts.
-- empty: No post of this period but retweets says '{search}'. A * finds beginnings of words: klima*.
-- columns: posted_at user_username lang id before match after found
WITH matched AS (
  SELECT
    id, created_at, user_username, lang, text,
    COUNT(*) OVER () AS found,
    ROW_NUMBER() OVER (ORDER BY TO_HEX(MD5(CONCAT(CAST(@seed AS STRING), ':', id)))) AS place
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND retweet_of IS NULL
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
