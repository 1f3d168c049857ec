-- title: Which rules did the ingester know to be in force, when it last told before the period's end?
-- scans: the ledger's last 90 days.
SELECT TO_JSON_STRING(rules) AS in_force
FROM ingester_events
WHERE `at` >= TIMESTAMP_SUB(@to, INTERVAL 2160 HOUR) AND `at` <= @to
  AND rules IS NOT NULL AND TO_JSON_STRING(rules) NOT IN ('null', '[]')
ORDER BY `at` DESC
LIMIT 1
