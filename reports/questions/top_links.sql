-- title: Linked sites
-- section: Topics and words
-- order: 630
-- scans: the links and authors of the period's days.
-- note: Links to posts and media on X itself are left out, and so are sites in fewer posts than the minimum.
-- empty: No site is linked in at least {minimum:posts} of this period.
-- finding: {site} is linked most, in {posts:posts} by {authors:authors}.
-- chart: bars site posts authors
WITH linked AS (
  SELECT id, user_id, LOWER(REGEXP_EXTRACT(written, r'(?i)^https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#:@]+)')) AS site
  FROM tweets, UNNEST(urls) AS written
  WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to) FILTERS()
)
SELECT site, COUNT(DISTINCT id) AS posts, COUNT(DISTINCT user_id) AS authors
FROM linked
WHERE site IS NOT NULL AND site NOT IN ('x.com', 'twitter.com', 'mobile.twitter.com', 'pic.x.com', 'pic.twitter.com', 't.co')
GROUP BY site
HAVING posts >= @minimum
ORDER BY posts DESC, authors DESC, site
LIMIT 25
