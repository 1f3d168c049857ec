-- How many posts are there, and how many of them are no retweets? (the original project's two counts)
SELECT
  COUNT(*) AS total_posts,
  COUNTIF(text NOT LIKE 'RT @%') AS unique_posts
FROM tweets
