-- title: Completeness receipt per hour of arrival
-- section: Completeness
-- order: 1210
-- when: streamed
-- scans: the ids in archive, tweet_versions and filtered, rejected, and the ledger of gaps.
-- note: For all posts, in whole hours; filters do not apply. published are the distinct posts that reached the topic more than five
--   minutes ago. Each is then loaded, filtered or rejected; balance is what is missing, and zero if nothing is. An hour with an open or
--   partly filled gap is not complete.
-- empty: Nothing arrived in this period, and no gap is known.
-- rows: by time
WITH arrived AS (
  SELECT hour, archived, loaded, filtered, rejected, balance
  FROM receipt
  WHERE hour >= TIMESTAMP_TRUNC(@from, HOUR) AND hour < @to
),
gaps AS (
  SELECT GREATEST(since, @from) AS since, LEAST(COALESCE(until, @to), @to) AS until, status
  FROM stream_gaps
  WHERE since < @to AND COALESCE(until, @to) > @from
),
hours AS (
  SELECT hour FROM arrived
  UNION DISTINCT
  SELECT hour FROM gaps, UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_TRUNC(since, HOUR), TIMESTAMP_SUB(until, INTERVAL 1 MICROSECOND), INTERVAL 1 HOUR
  )) AS hour
),
ordered AS (
  SELECT since, until, MAX(until) OVER (ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_before FROM gaps
),
apart AS (  -- where two gaps overlap, the second begins where the first ends
  SELECT GREATEST(since, COALESCE(until_before, since)) AS since, until FROM ordered WHERE until > COALESCE(until_before, since)
),
not_held AS (
  SELECT hours.hour, SUM(TIMESTAMP_DIFF(
    LEAST(apart.until, TIMESTAMP_ADD(hours.hour, INTERVAL 1 HOUR)), GREATEST(apart.since, hours.hour), SECOND
  )) AS seconds
  FROM hours CROSS JOIN apart
  WHERE apart.since < TIMESTAMP_ADD(hours.hour, INTERVAL 1 HOUR) AND apart.until > hours.hour
  GROUP BY hours.hour
),
in_gaps AS (
  SELECT
    hours.hour,
    COUNTIF(gaps.status = 'open') AS gaps_open,
    COUNTIF(gaps.status = 'filled') AS gaps_filled,
    COUNTIF(gaps.status NOT IN ('open', 'filled')) AS gaps_not_filled
  FROM hours CROSS JOIN gaps
  WHERE gaps.since < TIMESTAMP_ADD(hours.hour, INTERVAL 1 HOUR) AND gaps.until > hours.hour
  GROUP BY hours.hour
)
SELECT
  DATETIME(hours.hour, @timezone) AS hour,
  COALESCE(arrived.archived, 0) AS published,
  COALESCE(arrived.loaded, 0) AS loaded,
  COALESCE(arrived.filtered, 0) AS filtered,
  COALESCE(arrived.rejected, 0) AS rejected,
  COALESCE(arrived.balance, 0) AS balance,
  COALESCE(in_gaps.gaps_open, 0) AS gaps_open,
  COALESCE(in_gaps.gaps_filled, 0) AS gaps_filled,
  COALESCE(in_gaps.gaps_not_filled, 0) AS gaps_not_filled,
  COALESCE(not_held.seconds, 0) AS seconds_not_held
FROM hours
LEFT JOIN arrived ON arrived.hour = hours.hour
LEFT JOIN in_gaps ON in_gaps.hour = hours.hour
LEFT JOIN not_held ON not_held.hour = hours.hour
ORDER BY hours.hour
