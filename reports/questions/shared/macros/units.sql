GAPS(),
in_gaps AS (
  SELECT
    quarters.instant,
    SUM(TIMESTAMP_DIFF(
      LEAST(gaps.until, TIMESTAMP_ADD(quarters.instant, INTERVAL 15 MINUTE)), GREATEST(gaps.since, quarters.instant), SECOND
    )) AS seconds
  FROM quarters CROSS JOIN gaps
  WHERE gaps.since < TIMESTAMP_ADD(quarters.instant, INTERVAL 15 MINUTE) AND gaps.until > quarters.instant
  GROUP BY quarters.instant
),
not_held AS (
  SELECT quarters.{column}, SUM(in_gaps.seconds) AS seconds
  FROM quarters JOIN in_gaps ON in_gaps.instant = quarters.instant
  GROUP BY quarters.{column}
),
calendar AS (
  SELECT {column}, SUM(TIMESTAMP_DIFF(
    LEAST(TIMESTAMP_ADD(instant, INTERVAL 15 MINUTE), @to), GREATEST(instant, @from), SECOND
  )) AS seconds
  FROM quarters GROUP BY {column}
)
