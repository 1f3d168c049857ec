#!/usr/bin/env bash
# BigQuery: one script of SQL makes the dataset, the tables with their new columns, the views and the grants. It drops nothing.

dataset() {
	local sql config table absent=''
	sql=$(python3 infra/deploy/ddl.py)
	config=$(hash_of <<<"${sql}")
	for table in $(python3 infra/deploy/ddl.py --names); do
		exists tables "${table}" || absent+=" ${table}"
	done
	if exists dataset "${BIGQUERY_DATASET}" && [[ -n ${absent} ]]; then
		LIVE["dataset/${BIGQUERY_DATASET}"]="without${absent}"
	fi
	if plan_change dataset "${BIGQUERY_DATASET}" "${config}"; then
		for table in ${absent}; do record_change '+' table "${table}"; done
		# the last statement is the mark that all before it are done
		STDIN="${sql}"$'\n'"ALTER SCHEMA \`${P}.${BIGQUERY_DATASET}\` SET OPTIONS (labels = [(\"app\", \"${APP}\"), (\"config\", \"${config}\"), (\"region\", \"${REGION}\")]);"
		cloud bq --headless --quiet --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false >/dev/null
		STDIN=''
	elif [[ ${PLANNING} == true ]]; then
		for table in ${absent}; do record_change '+' table "${table}"; done
	fi
}
