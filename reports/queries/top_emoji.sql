-- Most used emoji
-- Scans: the texts, authors and keywords of the period's days.
-- Note: a post counts once for each of its emoji. Flags, skin tones and joined emoji are one; emoji on fewer than the minimum of posts are left out.
SELECT
  emoji,
  COUNT(DISTINCT id) AS posts,
  COUNT(DISTINCT user_id) AS authors
FROM tweets,
  UNNEST(REGEXP_EXTRACT_ALL(text, r'[\x{1F1E6}-\x{1F1FF}]{2}|(?:[\x{1F300}-\x{1F5FF}\x{1F600}-\x{1F64F}\x{1F680}-\x{1F6FF}\x{1F7E0}-\x{1F7EB}\x{1F900}-\x{1F9FF}\x{1FA70}-\x{1FAFF}\x{2600}-\x{26FF}\x{2702}-\x{27B0}\x{2B50}\x{2B55}\x{231A}\x{231B}\x{23E9}-\x{23FA}][\x{FE0F}\x{1F3FB}-\x{1F3FF}]*(?:\x{200D}[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}][\x{FE0F}\x{1F3FB}-\x{1F3FF}]*)*)')) AS emoji
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
  AND (@keyword IS NULL OR @keyword IN UNNEST(keywords))
  AND (@rule IS NULL OR @rule IN UNNEST(rules))
GROUP BY emoji
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, emoji
LIMIT 25
