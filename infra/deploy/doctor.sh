#!/usr/bin/env bash
# Is it healthy, end to end? Each check that fails says what to do; the last one sends a message through and looks for its row.

declare PROBLEMS=0

doctor() {
	step 'Parts'
	check_parts
	step 'Who may do what'
	check_roles
	step 'Subscriptions'
	check_subscriptions
	step 'Stream, gaps, money, rows'
	check_ledger
	check_prices
	if [[ ${CANARY} == true ]] && { exists functions "${FUNCTION}" || exists streams "${STREAM}"; } && exists topics "${PUBSUB_TOPIC}"; then
		step 'One message, all the way through'
		check_canary
	fi
	[[ ${JSON} == false ]] || python3 infra/deploy/as_json.py doctor "${WORK}/checks"
	if ((PROBLEMS > 0)); then
		fail "${PROBLEMS} of the checks found something wrong; what to do is beside each."
	fi
	step 'All is well.'
}

good() {
	printf '     ok  %s\n' "$1" >&2
	printf 'ok\t%s\t\n' "$1" >>"${WORK}/checks"
}

bad() { # WHAT REMEDY
	PROBLEMS=$((PROBLEMS + 1))
	printf ' !  BAD  %s\n         %s\n' "$1" "$2" >&2
	printf 'bad\t%s\t%s\n' "$1" "$2" >>"${WORK}/checks"
}

check_parts() {
	local key name
	for key in "secrets/${SECRET}" "schemas/${SCHEMA}" "topics/${PUBSUB_TOPIC}" "topics/${PUBSUB_DEAD_TOPIC}" "dataset/${BIGQUERY_DATASET}" \
		"jobs/${JOB}" "schedules/${TICK}" "topics/${REMOVAL_TOPIC}" "functions/${REMOVAL}" "schedules/${REMOVAL_TICK}"; do
		name="${key%/*} ${key#*/}"
		if exists "${key%/*}" "${key#*/}"; then good "${name}"; else bad "${name}: not there" './deploy.sh up makes it.'; fi
	done
	if [[ ${LOADER} == function ]]; then
		if exists functions "${FUNCTION}"; then good "functions ${FUNCTION}"; else bad "functions ${FUNCTION}: not there" './deploy.sh up makes it.'; fi
	fi
	check_dataflow
	for name in "${ACCOUNTS[@]}"; do
		exists accounts "$(account "${name}")" || bad "service account ${name}: not there" './deploy.sh up access'
	done
	for name in $(python3 infra/deploy/ddl.py --names); do
		exists tables "${name}" || bad "table ${name}: not there" './deploy.sh up bigquery'
	done
	if paused; then bad 'the ingester is paused' './deploy.sh resume'; fi
	has_token || bad "the secret ${SECRET} has no enabled version" 'Put X_BEARER_TOKEN into .env, then ./deploy.sh up access'
}

check_roles() {
	local who role resource lacking=0
	while IFS=$'\t' read -r who role resource _; do
		[[ ${resource} != table:* ]] || continue # granted in one script, whose fingerprint is the dataset's
		policy_command "${resource}" get
		[[ ${PRESENT} == true ]] || continue
		exists roles "$(role_key "${resource}" "${role}" "$(member "${who}")")" && continue
		lacking=$((lacking + 1))
		bad "${who} lacks ${role} on ${resource}" './deploy.sh up --again'
	done < <(roles)
	if [[ ${LIVE["dataset/${BIGQUERY_DATASET}"]:-} != "$(python3 infra/deploy/ddl.py | dataset_config)" ]]; then
		bad 'tables, views or their grants are not those of this version' './deploy.sh up bigquery'
		lacking=1
	fi
	((lacking > 0)) || good 'all of infra/roles.tsv'
}

# What Google has now, not what it was given once: these are the settings without which posts are lost silently.
check_subscriptions() {
	local name ack retention expires attempts table state wanted loader wanted_of_loader=120,100
	local -A seen=()
	loader=${PUSH_SUBSCRIPTION:-of ${FUNCTION}}
	[[ ${LOADER} == function ]] || loader=${WORKER_SUBSCRIPTION} wanted_of_loader=600,
	cloud gcloud pubsub subscriptions list --format='csv[no-heading](name.basename(),ackDeadlineSeconds,messageRetentionDuration,expirationPolicy.ttl,deadLetterPolicy.maxDeliveryAttempts,bigqueryConfig.table,bigqueryConfig.state)' >"${WORK}/subscriptions"
	while IFS=, read -r name ack retention expires attempts table state; do
		case ${name} in
			"${ARCHIVE_SUBSCRIPTION}") wanted=60,100 ;;
			"${DEAD_SUBSCRIPTION}") wanted=60, ;;
			"${loader}") wanted=${wanted_of_loader} ;;
			*) continue ;;
		esac
		seen[${name}]=1
		if [[ ${ack},${attempts} != "${wanted}" || ${retention} != 604800s || -n ${expires} ]]; then
			bad "${name}: ack deadline ${ack} s, kept ${retention}, expires ${expires:-never}, dead letter after ${attempts:-no} attempts" './deploy.sh up --again'
		elif [[ -n ${state} && ${state} != ACTIVE ]]; then
			bad "${name} does not write ${table}: ${state}" "Was the table or a grant changed? ./deploy.sh up bigquery --again"
		else
			good "${name}"
		fi
	done <"${WORK}/subscriptions"
	for name in "${ARCHIVE_SUBSCRIPTION}" "${DEAD_SUBSCRIPTION}" "${loader}"; do
		[[ -n ${seen[${name}]:-} ]] || bad "subscription ${name}: not there" './deploy.sh up'
	done
}

query() { # SQL -> a line of JSON, the first row
	STDIN=$(envsubst_only "$1")
	cloud bq --headless --quiet --format=json --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false
	STDIN=''
}

envsubst_only() { python3 -c 'import os, sys; from string import Template; print(Template(sys.argv[1]).safe_substitute(os.environ))' "$1"; }

check_ledger() {
	local answer
	exists tables ingester_events && exists tables receipt || return 0
	answer=$(query "$(<infra/deploy/doctor.sql)")
	python3 infra/deploy/verdicts.py <<<"${answer}" >"${WORK}/verdicts"
	local verdict what remedy
	while IFS=$'\t' read -r verdict what remedy; do
		if [[ ${verdict} == ok ]]; then good "${what}"; else bad "${what}" "${remedy}"; fi
	done <"${WORK}/verdicts"
}

# X's own price list, which it serves to everybody. That it cannot be read is no fault of the deployment.
check_prices() {
	local differ code=0
	differ=$(python3 infra/deploy/price_list.py 2>"${WORK}/price_list") || code=$?
	if ((code != 0)); then
		info "Note: $(<"${WORK}/price_list")"
	elif [[ -z ${differ} ]]; then
		good "X's prices are those of posts/prices.json"
	else
		while IFS= read -r line; do bad "X's price list differs: ${line}" 'The money guard counts with its own prices: take a newer version of this program.'; done <<<"${differ}"
	fi
}

# A post of our own, source=doctor, which no view shows. Its id holds the time, as X's do.
check_canary() {
	local now id payload began=${SECONDS} row
	now=$(date +%s)
	id=$((((now * 1000 - 1288834974657) << 22) + RANDOM))
	payload="{\\\"data\\\":{\\\"id\\\":\\\"${id}\\\",\\\"text\\\":\\\"A message of ./deploy.sh doctor\\\"}}"
	cloud gcloud pubsub topics publish "${PUBSUB_TOPIC}" --attribute=source=doctor \
		--message="{\"id\":\"${id}\",\"payload\":\"${payload}\",\"received_at\":${now}000000,\"source\":\"doctor\"}" >/dev/null
	while ((SECONDS - began < ${DOCTOR_SECONDS:-120})); do
		row=$(query "SELECT COUNT(*) AS n FROM \`${P}.${BIGQUERY_DATASET}.tweet_versions\` WHERE id = '${id}' AND created_at >= DATETIME(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))")
		if [[ ${row} =~ \"n\":\ *\"?[1-9] ]]; then
			good "published, stored by load_tweet and found in ${BIGQUERY_DATASET}.tweet_versions after $((SECONDS - began)) s"
			return
		fi
		sleep 3
	done
	bad "the message ${id} did not become a row within ${DOCTOR_SECONDS:-120} s" \
		"The function's log says why: console.cloud.google.com/run/detail/${REGION}/${FUNCTION}/logs?project=${P}; then SELECT * FROM ${BIGQUERY_DATASET}.rejected ORDER BY publish_time DESC"
}
