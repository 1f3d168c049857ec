-- How many rows would a request take away? For a look before it is made; what only carries a copy comes on top.
WITH asked AS (
  SELECT JSON_VALUE(one, '$.id') AS id FROM UNNEST(JSON_QUERY_ARRAY(@ids)) AS one
)
SELECT
  (SELECT COUNT(*) FROM tweet_versions WHERE id IN (SELECT id FROM asked) OR retweet_of IN (SELECT id FROM asked)) AS tweet_versions,
  (SELECT COUNT(*) FROM archive WHERE id IN (SELECT id FROM asked)) AS archive
