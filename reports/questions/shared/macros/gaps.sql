clipped AS (
  SELECT GREATEST(since, @from) AS since, LEAST(COALESCE(until, @to), @to) AS until
  FROM stream_gaps
  WHERE since < @to AND COALESCE(until, @to) > @from
),
ordered AS (
  SELECT since, until, MAX(until) OVER (ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_before FROM clipped
),
gaps AS (  -- where two overlap, the second begins where the first ends
  SELECT GREATEST(since, COALESCE(until_before, since)) AS since, until FROM ordered WHERE until > COALESCE(until_before, since)
)
