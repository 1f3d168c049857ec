#!/usr/bin/env bash
# BigQuery: one script of SQL makes the dataset, the tables with their new columns, the views and the grants. It drops nothing.

# dataset_config: the fingerprint of the script on stdin
dataset_config() { cat - <(printf '%s' "${LABELS:+labels ${LABELS}}") | hash_of; }

# sql_labels: those of LABELS as SQL has them
sql_labels() {
	local one
	for one in ${LABELS//,/ }; do printf ', ("%s", "%s")' "${one%%=*}" "${one#*=}"; done
}

dataset() {
	local sql config table absent=''
	sql=$(python3 infra/deploy/ddl.py)
	config=$(dataset_config <<<"${sql}")
	for table in $(python3 infra/deploy/ddl.py --names); do
		exists tables "${table}" || absent+=" ${table}"
	done
	if exists dataset "${BIGQUERY_DATASET}" && [[ -n ${absent} ]]; then
		LIVE["dataset/${BIGQUERY_DATASET}"]="without${absent}"
	fi
	if plan_change dataset "${BIGQUERY_DATASET}" "${config}"; then
		for table in ${absent}; do record_change '+' table "${table}"; done
		# the last statement is the mark that all before it are done
		STDIN="${sql}"$'\n'"ALTER SCHEMA \`${P}.${BIGQUERY_DATASET}\` SET OPTIONS (labels = [(\"app\", \"${APP}\"), (\"config\", \"${config}\"), (\"region\", \"${REGION}\")$(sql_labels)]);"
		cloud bq --headless --quiet --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false >/dev/null
		STDIN=''
	elif [[ ${PLANNING} == true ]]; then
		for table in ${absent}; do record_change '+' table "${table}"; done
	fi
}
