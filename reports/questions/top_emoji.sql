-- title: Most used emoji
-- section: Topics
-- order: 550
-- scans: the texts, authors and keywords of the period's days.
-- note: A post counts once for each of its emoji. Flags, keycaps, skin tones and joined emoji are one, as Unicode has them, with
--   U+FE0F or without; emoji on fewer than the minimum of posts are left out.
-- empty: No emoji is on at least {minimum} posts of this period.
-- finding: {emoji} leads, in {posts:posts} by {authors:authors}.
-- chart: bars emoji posts authors
SELECT
  MAX(written) AS emoji,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets,
  UNNEST(REGEXP_EXTRACT_ALL(text, r'[\x{1F1E6}-\x{1F1FF}]{2}|[0-9#*]\x{FE0F}?\x{20E3}|[©®™]\x{FE0F}|[EMOJI](?:[\x{E0020}-\x{E007E}]+\x{E007F}|[\x{1F3FB}-\x{1F3FF}]?\x{FE0F}?)?(?:\x{200D}[EMOJI](?:[\x{E0020}-\x{E007E}]+\x{E007F}|[\x{1F3FB}-\x{1F3FF}]?\x{FE0F}?)?)*')) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY REGEXP_REPLACE(written, r'\x{FE0F}', '')
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, emoji
LIMIT 25
