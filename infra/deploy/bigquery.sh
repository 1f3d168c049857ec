#!/usr/bin/env bash
# BigQuery: one script of SQL makes the dataset, the tables with their new columns, the views and the grants. It drops nothing.

declare ADOPTED=false # whether the dataset was there before, for other purposes: ADOPT_DATASET

# dataset_config: the fingerprint of the script on stdin
dataset_config() { cat - <(printf '%s' "${LABELS:+labels ${LABELS}}") | hash_of; }

# mark_dataset [NAME=VALUE...]: the statement that sets our labels and keeps those of others
mark_dataset() { python3 infra/deploy/dataset_labels.py set "${WORK}/dataset.labels" "$@"; }

# run_sql: the statements of STDIN
run_sql() {
	cloud bq --headless --quiet --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false >/dev/null
	STDIN=''
}

dataset() {
	local sql config table absent=''
	sql=$(python3 infra/deploy/ddl.py)
	config=$(dataset_config <<<"${sql}")
	for table in $(python3 infra/deploy/ddl.py --names); do
		exists tables "${table}" || absent+=" ${table}"
	done
	if exists dataset "${BIGQUERY_DATASET}" && ! is_managed dataset "${BIGQUERY_DATASET}"; then
		adopt
	elif exists dataset "${BIGQUERY_DATASET}" && [[ -n ${absent} ]]; then
		LIVE["dataset/${BIGQUERY_DATASET}"]="without${absent}"
	fi
	if plan_change dataset "${BIGQUERY_DATASET}" "${config}"; then
		for table in ${absent}; do record_change '+' table "${table}"; done
		local -a marks=("config=${config}" "region=${REGION}")
		[[ ${ADOPTED} == false ]] || marks+=(adopted=true)
		# the last statement is the mark that all before it are done
		STDIN="${sql}"$'\n'"$(mark_dataset "${marks[@]}")"
		[[ ${ADOPTED} == false ]] || STDIN="$(mark_dataset config=begun adopted=true)"$'\n'"${STDIN}" # if it is interrupted, the next `up` goes on
		run_sql
	elif [[ ${PLANNING} == true ]]; then
		for table in ${absent}; do record_change '+' table "${table}"; done
	fi
}

# adopt: go on with a dataset that others made, if that is wanted and their tables have other names than ours
adopt() {
	local name
	[[ ${ADOPT_DATASET} == true ]] || refuse_unmanaged dataset "${BIGQUERY_DATASET}"
	! grep -q '"app":' "${WORK}/dataset.labels" ||
		fail "The dataset ${BIGQUERY_DATASET} has a label called app, which deploy.sh needs for itself." 'Does another APP_NAME use it? Take the label off, or choose another BIGQUERY_DATASET.'
	for name in $(python3 infra/deploy/ddl.py --names); do
		! exists tables "${name}" || fail "The dataset ${BIGQUERY_DATASET} has a table or view called ${name} already, and deploy.sh would use it as its own." 'Rename it, or choose another BIGQUERY_DATASET.'
	done
	ADOPTED=true
	LIVE["dataset/${BIGQUERY_DATASET}"]=adopted
}

# leave_dataset: what `destroy --all` does with an adopted dataset: our tables and views go, theirs and the dataset stay
leave_dataset() {
	record_change '-' tables "of deploy.sh in ${BIGQUERY_DATASET}"
	STDIN="$(python3 infra/deploy/ddl.py --drop)"$'\n'"$(mark_dataset)"
	run_sql
}
