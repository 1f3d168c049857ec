-- title: Cost by day
-- section: Cost
-- order: 1010
-- scans: the ledger of what was spent.
-- note: Of all keywords and rules, by whole UTC days. dollars is what X may charge for posts, authors, the posts that they refer to
--   and requests for counts, as the money guard counts: never less than the bill. A unit is a post's price, $0.005 (2026-08). Imported
--   posts cost nothing.
-- empty: Nothing was spent in this period, as far as the ledger of this dataset says.
-- rows: by time
SELECT
  day,
  units,
  dollars
FROM spending
WHERE TIMESTAMP(day) < @to AND TIMESTAMP(DATE_ADD(day, INTERVAL 1 DAY)) > @from
ORDER BY day
