-- Which bad messages and dead letters name a post of which something may not be kept? Bytes that are no text are looked at too.
WITH told AS (
  SELECT id, LOGICAL_OR(reason != 'scrub_geo') AS gone FROM deletions GROUP BY id
),
texts AS (
  SELECT TO_HEX(MD5(data)) AS digest, SAFE_CONVERT_BYTES_TO_STRING(data) AS text FROM rejected WHERE data IS NOT NULL
),
hits AS (
  SELECT x.digest, t.id AS told_id, t.gone
  FROM texts AS x
  CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL(x.text, r'[0-9]{17,19}')) AS mentioned
  JOIN told AS t ON t.id = mentioned
  UNION DISTINCT
  SELECT x.digest, t.id, t.gone FROM texts AS x CROSS JOIN told AS t WHERE x.text IS NULL
),
carriers AS (
  SELECT
    digest,
    ARRAY_AGG(IF(gone, told_id, NULL) IGNORE NULLS) AS gone,
    ARRAY_AGG(IF(gone, NULL, told_id) IGNORE NULLS) AS unplaced
  FROM hits
  GROUP BY digest
)
SELECT
  COALESCE(v.message_id, '') AS message_id,
  c.digest,
  v.publish_time AS part,
  COALESCE(v.rejected_at, v.publish_time) >= @before AS fresh,
  v.data,
  c.gone,
  c.unplaced
FROM rejected AS v
JOIN carriers AS c ON c.digest = TO_HEX(MD5(v.data))
ORDER BY v.publish_time
