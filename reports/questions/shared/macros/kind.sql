CASE
  WHEN {alias}retweet_of IS NOT NULL THEN 'retweet'
  WHEN {alias}quote_of IS NOT NULL THEN 'quote'
  WHEN {alias}reply_to IS NOT NULL THEN 'reply'
  ELSE 'original'
END
