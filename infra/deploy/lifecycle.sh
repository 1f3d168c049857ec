#!/usr/bin/env bash
# The ingester's executions: start, replace, pause, resume, and any of its commands run in the cloud.

declare INGESTER_CONFIG=''

paused() { [[ ${IDS["schedules/${TICK}"]:-} == PAUSED ]]; }

# running_executions [JOB]: "name fingerprint" a line; a tick's execution that found the stream held has ended
running_executions() {
	local all name ended config
	all=$(cloud gcloud run jobs executions list --job="${1:-${JOB}}" --region="${REGION}" --format='csv[no-heading,separator="~"](metadata.name,status.completionTime,metadata.labels.config)')
	while IFS='~' read -r name ended config; do
		[[ -z ${name} || -n ${ended} ]] || printf '%s %s\n' "${name}" "${config}"
	done <<<"${all}"
}

# cancel_executions [FINGERPRINT [JOB]]: all that do not run with it. An ingester that is told to stop ends well, which gcloud takes for a failure to
# cancel it: so it is looked at afterwards.
cancel_executions() {
	local execution running
	running=$(running_executions "${2:-${JOB}}" | other_than "${1:-}")
	[[ -n ${running} ]] || return 0
	while read -r execution _; do
		gcloud run jobs executions cancel "${execution}" --region="${REGION}" >/dev/null 2>"${WORK}/cancel" </dev/null || true
	done <<<"${running}"
	running=$(running_executions "${2:-${JOB}}" | other_than "${1:-}")
	[[ -z ${running} ]] || fail "This goes on in the cloud: ${running}" "$(tail -n 3 "${WORK}/cancel")" 'Run the same command again in a minute.'
}

other_than() { if [[ -n $1 ]]; then grep -v " $1\$" || true; else cat; fi; }

# A job that was changed concerns the next execution only: one that runs with other settings is replaced, whenever those were
# changed. The seconds between are a gap like any other.
start_ingester() {
	[[ ${PLANNING} == false ]] || return 0
	if paused; then
		warn 'The ingester is paused: ./deploy.sh resume starts it.'
		return 0
	fi
	local running
	running=$(running_executions)
	if [[ -n ${running} && -z ${INGESTER_CONFIG} ]]; then return 0; fi
	if ! has_token; then
		warn "The secret ${SECRET} has no version: the ingester is not started." 'Put X_BEARER_TOKEN into .env or the environment and run ./deploy.sh up once more.'
		return 0
	fi
	cancel_executions "${INGESTER_CONFIG}" # a tick's execution beside the one that holds the stream ends by itself
	if [[ -n ${INGESTER_CONFIG} && $'\n'${running} == *" ${INGESTER_CONFIG}"* ]]; then return 0; fi
	step 'Starting the ingester'
	cloud gcloud run jobs execute "${JOB}" --region="${REGION}" --async >/dev/null
}

has_token() { [[ -n ${X_BEARER_TOKEN} || -n $(gcloud secrets versions list "${SECRET}" --filter='state=ENABLED' --limit=1 --format='value(name)' 2>/dev/null </dev/null) ]]; }

# Rules are given to X by the ingester, in the cloud, where the token is. `stream` itself installs them only where X has none.
apply_rules() {
	local wanted live=${IDS["jobs/${JOB}"]:-}
	wanted=$(hash_of <ingester/rules.yaml)
	[[ ${live%%~*} != "${wanted}" || ${AGAIN} == true ]] || {
		record_change '=' rules ingester/rules.yaml
		return 0
	}
	record_change '~' rules ingester/rules.yaml
	[[ ${PLANNING} == false ]] || return 0
	if ! has_token; then return 0; fi
	step 'Giving X the rules of ingester/rules.yaml'
	in_the_cloud rules apply --yes
	cloud gcloud run jobs update "${JOB}" --region="${REGION}" --update-labels="rules=${wanted}" >/dev/null
}

declare IN_THE_CLOUD=''

# What was started in the cloud would go on, and spend, after a Ctrl-C here.
cancel_what_runs_in_the_cloud() {
	[[ -n ${IN_THE_CLOUD} ]] || return 0
	info "Cancelling the execution ${IN_THE_CLOUD}"
	if gcloud run jobs executions cancel "${IN_THE_CLOUD}" --region="${REGION}" >/dev/null 2>"${WORK}/cancel" </dev/null; then
		info 'It ends within seconds. A search: the same command goes on with it.'
	else
		warn "It may go on: $(tail -n 2 "${WORK}/cancel")" "gcloud run jobs executions cancel ${IN_THE_CLOUD} --region=${REGION}"
	fi
}

# in_the_cloud ARGUMENT...: one run of an ingester command, its log shown. Ends as the command ended.
in_the_cloud() {
	local execution ended=0
	execution=$(cloud gcloud run jobs execute "${RUN_JOB}" --region="${REGION}" --args="$(joined "$@")" --async --format='value(metadata.name)')
	info "Execution ${execution}; Ctrl-C cancels it. Its log:"
	IN_THE_CLOUD=${execution}
	wait_for "${execution}" || ended=$?
	IN_THE_CLOUD=''
	sleep "${LOG_SECONDS:-10}" # until the last lines can be read
	gcloud logging read "labels.\"run.googleapis.com/execution_name\"=\"${execution}\" AND logName:\"run.googleapis.com\"" \
		--order=desc --limit=500 --format='value(textPayload,jsonPayload.message)' </dev/null | sed -n '1!G; h; $p' | sed '/^[[:space:]]*$/d; s/^/         /' >&2
	((ended == 0)) || fail "python -m ingester $* did not end well in the cloud." 'Its log is above.' \
		"More of it: console.cloud.google.com/run/jobs/executions/details/${REGION}/${execution}?project=${P}"
}

wait_for() { # EXECUTION
	local began=${SECONDS} state
	while ((SECONDS - began < 86400)); do
		state=$(cloud gcloud run jobs executions describe "$1" --region="${REGION}" --format='csv[no-heading](status.completionTime,status.succeededCount)') || return 1
		if [[ ${state%%,*} != '' ]]; then
			[[ ${state##*,} == 1 ]]
			return
		fi
		sleep 5 &
		wait $!
	done
	return 1
}

pause() {
	need_deployed
	step 'Pausing: nothing starts the ingester, and the one that runs is stopped'
	if ! paused; then
		cloud gcloud scheduler jobs pause "${TICK}" --location="${REGION}" >/dev/null
	fi
	cancel_executions
	! exists jobs "${RUN_JOB}" || cancel_executions '' "${RUN_JOB}" # a search by hand spends as well; the same command goes on with it
	# told to the ledger, so that what is posted meanwhile is not fetched, and paid for, afterwards
	cloud bq --headless --quiet --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false \
		"INSERT INTO \`${P}.${BIGQUERY_DATASET}.ingester_events\` (holder, \`at\`, event, reason, note) VALUES ('deploy.sh', CURRENT_TIMESTAMP(), 'stopped', 'pause', 'paused by hand')" >/dev/null
	info 'Paused. X bills nothing now, and Google little more than storage. ./deploy.sh resume goes on.'
	info 'Deleted posts are still looked for each 15 minutes, as X'"'"'s terms ask: cents a month.'
	! exists streams "${STREAM}" || warn "The streaming job goes on, for about \$$(streaming_dollars) a month: ./deploy.sh up with LOADER=function ends it."
	info 'What is posted until then is left out; ./deploy.sh run search --from TIME --to TIME fetches it.'
}

resume() {
	need_deployed
	step 'Resuming'
	if paused; then
		cloud gcloud scheduler jobs resume "${TICK}" --location="${REGION}" >/dev/null
	fi
	IDS["schedules/${TICK}"]=ENABLED
	start_ingester
	info 'The stream is held again within a minute.'
}

run_command() {
	need_deployed
	in_the_cloud "$@"
}

need_deployed() {
	if exists jobs "${JOB}" && exists schedules "${TICK}"; then return 0; fi
	fail "There is no ingester in ${P}, ${REGION}." 'Is it the right project and region (.env)? ./deploy.sh up makes everything.'
}
