-- title: Cost by day
-- section: Cost
-- order: 1105
-- when: streamed
-- scans: the ledger of what was spent.
-- note: For all posts, by whole UTC days; filters do not apply. dollars is an upper bound of what X charges for posts, authors,
--   referenced posts and requests for counts. A unit is the price of a post, $0.005 (2026-08). Imported posts cost nothing.
-- empty: Nothing was spent in this period, as far as the ledger of this dataset says.
-- rows: by time
SELECT
  day,
  units,
  dollars
FROM spending
WHERE TIMESTAMP(day) < @to AND TIMESTAMP(DATE_ADD(day, INTERVAL 1 DAY)) > @from
ORDER BY day
