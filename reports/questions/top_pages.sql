-- title: Linked pages
-- section: Topics and words
-- order: 635
-- scans: the links and authors of the period's days.
-- note: A page is a link without what follows ? or #, and without www. Links to posts and media on X itself are left out, and so are
--   pages in fewer posts than the minimum.
-- empty: No page is linked in at least {minimum:posts} of this period.
-- finding: {page} is linked most, in {posts:posts} by {authors:authors}.
WITH linked AS (
  SELECT
    id,
    user_id,
    LOWER(REGEXP_EXTRACT(written, r'(?i)^https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#:@]+)')) AS site,
    RTRIM(COALESCE(REGEXP_EXTRACT(written, r'(?i)^https?://[^/?#]+(/[^?#]*)'), ''), '/') AS path
  FROM tweets, UNNEST(urls) AS written
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
)
SELECT CONCAT(site, path) AS page, COUNT(DISTINCT id) AS posts, COUNT(DISTINCT user_id) AS authors
FROM linked
WHERE site IS NOT NULL AND site NOT IN ('x.com', 'twitter.com', 'mobile.twitter.com', 'pic.x.com', 'pic.twitter.com', 't.co')
GROUP BY 1
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, 1
LIMIT 25
