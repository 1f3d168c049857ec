-- title: Longest conversations
-- section: Topics and words
-- order: 650
-- scans: the text, authors and kinds of the period's days.
-- note: A conversation is a post and all replies below it, as far as they were collected. Retweets are not counted. hours is the time
--   from its first post here to its last; text is that of the first.
-- empty: No conversation has at least {minimum:posts} in this period.
-- finding: The longest conversation has {posts:posts} by {authors:authors}, in {hours:hours}.
SELECT
  COUNT(*) AS posts,
  COUNT(DISTINCT user_id) AS authors,
  COUNTIF(reply_to IS NOT NULL) AS replies,
  DATETIME_DIFF(MAX(created_at), MIN(created_at), SECOND) / 3600 AS hours,
  conversation AS id,
  ANY_VALUE(text HAVING MIN ordered) AS text
FROM (
  SELECT
    conversation_id AS conversation, user_id, reply_to, created_at, text, CONCAT(CAST(created_at AS STRING), id) AS ordered
  FROM tweets
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
    AND retweet_of IS NULL AND conversation_id IS NOT NULL
)
GROUP BY conversation
HAVING posts >= GREATEST(@minimum, 2)
ORDER BY posts DESC, authors DESC, conversation
LIMIT 25
