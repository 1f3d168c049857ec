-- title: A random sample of posts to read, the same each time
-- section: Reading
-- order: 910
-- scans: the texts, authors, rules, languages and keywords of the period's days.
-- note: Retweets are left out. Every other post has the same chance, and each day, rule or language (--by) has its share of the
--   sample, so percentages of the sample hold for all posts but retweets. --seed draws another sample, --sample a larger one, --export
--   FILE.csv writes it for hand coding.
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
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
    AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
    AND (@rule IS NULL OR @rule IN UNNEST(rules))
    AND (@pattern IS NULL OR REGEXP_CONTAINS(FOLDED(text), @pattern))
    AND retweet_of IS NULL AND text IS NOT NULL
),
ordered AS (  -- every total/sample-th post of those that are drawn in each stratum
  SELECT *, ROW_NUMBER() OVER (ORDER BY stratum, TO_HEX(MD5(CONCAT(CAST(@seed AS STRING), ':', id)))) AS place, COUNT(*) OVER () AS total FROM strata
)
SELECT
  stratum,
  DATETIME(TIMESTAMP(created_at), @timezone) AS posted_at,
  user_username,
  lang,
  ARRAY_TO_STRING(rules, ', ') AS rules,
  ROUND(sentiment, 3) AS sentiment,
  id,
  text
FROM ordered
WHERE DIV(place * @sample, total) > DIV((place - 1) * @sample, total)
ORDER BY stratum, posted_at, id
