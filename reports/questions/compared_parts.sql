-- title: The parts side by side
-- section: Comparison
-- order: 905
-- when: compared
-- scans: the kind, authors, followers, links and sentiment of the period's days, and what the parts are told apart by.
-- note: Shares are shares of the part's posts. A post, and an author, may belong to several parts and counts in each. sentiment is the mean of the scored
--   posts; median_followers is of the authors.
-- empty: No post of this period belongs to a part that is compared.
-- columns: part posts authors posts_per_author share_of_originals share_of_retweets share_of_quotes share_of_replies share_with_a_link median_followers scored sentiment
WITH seen AS (
  SELECT part, user_id, user_followers_count, sentiment, KIND() AS kind, ARRAY_LENGTH(urls) > 0 AS has_link
  FROM tweets, UNNEST(PARTS()) AS part
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND part IN UNNEST(SPLIT(@parts, '\n'))
),
followed AS (
  SELECT part, user_id, MAX(user_followers_count) AS followers
  FROM seen
  WHERE user_id IS NOT NULL
  GROUP BY part, user_id
),
ranked AS (
  SELECT
    part, followers,
    ROW_NUMBER() OVER (PARTITION BY part ORDER BY followers) AS place,
    COUNT(*) OVER (PARTITION BY part) AS authors
  FROM followed
  WHERE followers IS NOT NULL
),
medians AS (  -- the lower of the two in the middle
  SELECT part, followers AS median_followers FROM ranked WHERE place = CAST(CEIL(authors / 2) AS INT64)
)
SELECT
  seen.part,
  COUNT(*) AS posts,
  COUNT(DISTINCT seen.user_id) AS authors,
  COUNTIF(seen.user_id IS NOT NULL) / NULLIF(COUNT(DISTINCT seen.user_id), 0) AS posts_per_author,
  COUNTIF(seen.kind = 'original') / COUNT(*) AS share_of_originals,
  COUNTIF(seen.kind = 'retweet') / COUNT(*) AS share_of_retweets,
  COUNTIF(seen.kind = 'quote') / COUNT(*) AS share_of_quotes,
  COUNTIF(seen.kind = 'reply') / COUNT(*) AS share_of_replies,
  COUNTIF(seen.has_link) / COUNT(*) AS share_with_a_link,
  ANY_VALUE(medians.median_followers) AS median_followers,
  COUNT(seen.sentiment) AS scored,
  AVG(seen.sentiment) AS sentiment
FROM seen
LEFT JOIN medians ON medians.part = seen.part
GROUP BY seen.part
ORDER BY posts DESC, seen.part
