-- Is it healthy, what did it cost, what is missing? Per hour of arrival (UTC). dollars are X's, $0.005 a post (2026-08), authors
-- apart; a post that X delivers again on the same UTC day is charged once by X and counted again here.
WITH gaps AS (
  SELECT since, COALESCE(until, CURRENT_TIMESTAMP()) AS until, status
  FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.stream_gaps`
),
hours AS (
  SELECT hour FROM `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.receipt`
  UNION DISTINCT
  SELECT hour
  FROM gaps, UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_TRUNC(since, HOUR), TIMESTAMP_SUB(until, INTERVAL 1 MICROSECOND), INTERVAL 1 HOUR
  )) AS hour
),
not_held AS (
  SELECT
    h.hour,
    COUNTIF(g.status = 'open') AS gaps_open,
    COUNTIF(g.status != 'open') AS gaps_closed,
    SUM(TIMESTAMP_DIFF(LEAST(g.until, TIMESTAMP_ADD(h.hour, INTERVAL 1 HOUR)), GREATEST(g.since, h.hour), SECOND)) AS seconds
  FROM hours AS h CROSS JOIN gaps AS g
  WHERE g.since < TIMESTAMP_ADD(h.hour, INTERVAL 1 HOUR) AND g.until > h.hour
  GROUP BY h.hour
)
SELECT
  h.hour,
  COALESCE(r.archived, 0) AS received,
  COALESCE(r.loaded, 0) AS loaded,
  COALESCE(r.filtered, 0) AS filtered,
  COALESCE(r.rejected, 0) AS rejected,
  COALESCE(r.balance, 0) AS missing,
  COALESCE(r.archived, 0) * 0.005 AS dollars,
  LEAST(COALESCE(n.seconds, 0), 3600) AS seconds_not_held,
  COALESCE(n.gaps_open, 0) AS gaps_open,
  COALESCE(n.gaps_closed, 0) AS gaps_closed
FROM hours AS h
LEFT JOIN `${GOOGLE_CLOUD_PROJECT}.${BIGQUERY_DATASET}.receipt` AS r ON r.hour = h.hour
LEFT JOIN not_held AS n ON n.hour = h.hour
