-- title: Emoji
-- section: Topics and words
-- order: 625
-- scans: the texts and authors of the period's days.
-- note: A post counts once for each of its emoji. Flags, keycaps, skin tones and joined emoji are one emoji, as in Unicode. Emoji in
--   fewer posts than the minimum are left out.
-- empty: No emoji is in at least {minimum:posts} of this period.
-- finding: {emoji} is used most, in {posts:posts} by {authors:authors}.
-- chart: bars emoji posts authors
SELECT
  MAX(written) AS emoji,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets,
  UNNEST(REGEXP_EXTRACT_ALL(text, r'[\x{1F1E6}-\x{1F1FF}]{2}|[0-9#*]\x{FE0F}?\x{20E3}|[©®™]\x{FE0F}|[EMOJI](?:[\x{E0020}-\x{E007E}]+\x{E007F}|[\x{1F3FB}-\x{1F3FF}]?\x{FE0F}?)?(?:\x{200D}[EMOJI](?:[\x{E0020}-\x{E007E}]+\x{E007F}|[\x{1F3FB}-\x{1F3FF}]?\x{FE0F}?)?)*')) AS written
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
GROUP BY REGEXP_REPLACE(written, r'\x{FE0F}', '')
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, emoji
LIMIT 25
