-- title: A random sample of posts to read
-- section: Sample
-- order: 1005
-- scans: the texts, authors, rules and languages of the period's days.
-- note: Without retweets. Every other post has the same chance, and each day, rule or language (--by) has its share, so percentages of
--   the sample hold for all posts that are not retweets. The same --seed draws the same sample. --sample N draws more, and --export
--   FILE.csv writes a coding sheet.
-- empty: No post of this period is anything but a retweet.
WITH strata AS (
  SELECT
    id, created_at, user_username, lang, rules, sentiment, text,
    CASE @by
      WHEN 'rule' THEN ARRAY_TO_STRING(rules, ', ')
      WHEN 'language' THEN COALESCE(lang, 'und')
      ELSE CAST(DATE(DATETIME(TIMESTAMP(created_at), @timezone)) AS STRING)
    END AS stratum
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND retweet_of IS NULL AND text IS NOT NULL
),
with_lots AS (
  SELECT *, TO_HEX(MD5(CONCAT(CAST(@seed AS STRING), ':', id))) AS lot FROM strata
),
ordered AS (
  SELECT
    *,
    ROW_NUMBER() OVER (ORDER BY stratum, lot) AS place,
    COUNT(*) OVER () AS total,
    ROW_NUMBER() OVER (PARTITION BY stratum ORDER BY lot) AS place_in_stratum,
    COUNT(*) OVER (PARTITION BY stratum) AS stratum_posts,
    DENSE_RANK() OVER (ORDER BY stratum) AS number
  FROM with_lots
),
numbered AS (
  SELECT *, MAX(number) OVER () AS strata FROM ordered
)
SELECT
  stratum,
  stratum_posts,
  DATETIME(TIMESTAMP(created_at), @timezone) AS posted_at,
  user_username,
  lang,
  ARRAY_TO_STRING(rules, ', ') AS rules,
  ROUND(sentiment, 3) AS sentiment,
  id,
  text
FROM numbered
WHERE IF(
  @strata = 'equal',
  place_in_stratum <= CEIL(@sample / strata),
  DIV(place * @sample, total) > DIV((place - 1) * @sample, total)  -- every total/sample-th post
)
ORDER BY stratum, posted_at, id
