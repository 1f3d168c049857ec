#!/usr/bin/env bash
# Dataflow, for those who want it: imports in the cloud, and with LOADER=dataflow a streaming job in the place of the function load_tweet.
# Not part of a plain `up`.

readonly DATAFLOW_APIS=(dataflow.googleapis.com compute.googleapis.com bigquerystorage.googleapis.com)

# What Dataflow's workers need: an account, a bucket, a subscription, and the image with its template.
dataflow() {
	local api
	local -a missing=()
	for api in "${DATAFLOW_APIS[@]}"; do plan_change services "${api}" && missing+=("${api}"); done
	((${#missing[@]} == 0)) || cloud gcloud services enable "${missing[@]}" >/dev/null
	service_account "${WORKER}" # before the repository, on which it has a role
	repository
	worker_bucket
	local known=${IDS["buckets/${WORKER_BUCKET}"]:-}
	if [[ -n ${known} ]]; then LIVE["grants/${WORKER}"]=${known%%~*} LIVE["templates/${WORKER}"]=${known##*~}; fi
	worker_subscription
	worker_tables
	grant_worker_roles
	template
	if [[ ${LOADER} == dataflow ]]; then streaming_job; else info "Imports can run on Dataflow: docs/how-to/import.md. LOADER=dataflow also starts a streaming job, for about \$$(streaming_dollars) a month."; fi
}

streaming_dollars() { python3 infra/deploy/estimate.py --posts-per-day 0 --streaming; }

# The template stays; what an import or a job has put beside it goes after a week.
worker_bucket() {
	local config
	local -a flags=(--uniform-bucket-level-access --public-access-prevention --lifecycle-file=infra/deploy/dataflow-lifecycle.json --soft-delete-duration=0s
		${KMS_KEY:+--default-encryption-key="${KMS_KEY}"})
	config=$(fingerprint "${flags[@]}" "$(<infra/deploy/dataflow-lifecycle.json)")
	plan_change buckets "${WORKER_BUCKET}" "${config}" || return 0
	if [[ ${VERB} == create ]]; then
		cloud gcloud storage buckets create "gs://${WORKER_BUCKET}" --location="${REGION}" "${flags[@]}" >/dev/null
	fi
	cloud gcloud storage buckets update "gs://${WORKER_BUCKET}" "${flags[@]}" --update-labels="app=${APP},config=${config}${MORE_LABELS}" >/dev/null
	mark_created buckets "${WORKER_BUCKET}"
}

# Made before the function's trigger goes, so that no message is in neither. Without a job it would fill up: it is only there with one.
worker_subscription() {
	local config
	[[ ${LOADER} == dataflow ]] || return 0
	# no dead letters and no back-off, which Dataflow does not support: cloud.google.com/dataflow/docs/concepts/streaming-with-cloud-pubsub
	local -a kept=(--ack-deadline=600 --expiration-period=never --message-retention-duration=7d)
	config=$(fingerprint "${kept[@]}")
	plan_change subscriptions "${WORKER_SUBSCRIPTION}" "${config}" || return 0
	local -a more=(--clear-retry-policy) # that of earlier versions
	[[ ${VERB} == update ]] || more=(--topic="${PUBSUB_TOPIC}")
	retry_until_propagated gcloud pubsub subscriptions "${VERB}" "${WORKER_SUBSCRIPTION}" "${more[@]}" "${kept[@]}" "$(label "${config}")" >/dev/null
	mark_created subscriptions "${WORKER_SUBSCRIPTION}"
}

# Its tables are granted by SQL, like those of the others; the bucket's label remembers which.
worker_tables() {
	local who role resource sql=''
	while IFS=$'\t' read -r who role resource _; do
		[[ ${resource} == table:* ]] || continue
		sql+="GRANT \`${role}\` ON TABLE \`${P}.${BIGQUERY_DATASET}.${resource#table:}\` TO \"$(member "${who}")\";"$'\n'
	done <infra/dataflow-roles.tsv
	plan_change grants "${WORKER}" "$(hash_of <<<"${sql}")" || return 0
	STDIN=${sql}
	retry_until_propagated bq --headless --quiet --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false >/dev/null
	STDIN=''
	cloud gcloud storage buckets update "gs://${WORKER_BUCKET}" --update-labels="grants=$(hash_of <<<"${sql}")" >/dev/null
}

grant_worker_roles() {
	local resource
	for resource in project "bucket:dataflow" "repository:${REPOSITORY}" "subscription:${WORKER_SUBSCRIPTION}"; do
		[[ ${resource} != subscription:* || ${LOADER} == dataflow ]] || continue
		grant "${resource}"
	done
}

# The template says how a streaming job is started from it.
template() {
	local source image folder
	folder=$(stage dataflow)
	source=$(cd "${folder}" && files_hash .)
	image="${REGISTRY}/dataflow:${source}"
	plan_change templates "${WORKER}" "${source}" || return 0
	step "Building Dataflow's image (about five minutes: Beam is large)"
	retry_until_propagated gcloud builds submit "${folder}" --config=infra/deploy/image.yaml --region="${REGION}" \
		--gcs-source-staging-dir="gs://${BUCKET}/dataflow" --service-account="projects/${P}/serviceAccounts/$(account tds-build)" \
		--substitutions="_IMAGE=${image}" >/dev/null
	retry_until_propagated gcloud dataflow flex-template build "gs://${WORKER_BUCKET}/templates/stream.json" --image="${image}" \
		--sdk-language=PYTHON --metadata-file=dataflow/template.json >/dev/null
	cloud gcloud storage buckets update "gs://${WORKER_BUCKET}" --update-labels="template=${source}" >/dev/null
}

# A job that runs with other code or settings is replaced: another one is started beside it, and it is drained once that one runs. gcloud lists no
# labels of jobs, and a name is taken as long as its job drains, so the fingerprint is in the name.
streaming_job() {
	local config id
	local -a flags=(
		--service-account-email="$(account "${WORKER}")" --num-workers=1 --max-workers=2 --worker-machine-type=e2-standard-2
		--enable-streaming-engine --staging-location="gs://${WORKER_BUCKET}/tmp" --temp-location="gs://${WORKER_BUCKET}/tmp"
	)
	[[ -z ${DATAFLOW_SUBNETWORK} ]] || flags+=(--subnetwork="${DATAFLOW_SUBNETWORK}")
	[[ ${DATAFLOW_PUBLIC_IPS} == true ]] || flags+=(--disable-public-ips)
	local -a parameters=(
		"subscription=projects/${P}/subscriptions/${WORKER_SUBSCRIPTION}" "dataset=${BIGQUERY_DATASET}" "keep_retweets=${KEEP_RETWEETS}" "sentiment=${SENTIMENT}"
		"sdk_container_image=${REGISTRY}/dataflow:$(cd "$(stage dataflow)" && files_hash .)"
	)
	[[ -z ${LANGUAGES} ]] || parameters+=("languages=${LANGUAGES}")
	config=$(digest "${flags[@]}" "${parameters[@]}")
	select_stream "${config}"
	id=${IDS["streams/${STREAM}"]:-}
	if plan_change streams "${STREAM}" "${config}"; then
		warn "A streaming job costs about \$$(streaming_dollars) a month for its one worker, twice that for two, whether posts come or not." \
			'./deploy.sh up with LOADER=function ends it.'
		confirm 'Start it?'
		id=$(retry_until_propagated gcloud dataflow flex-template run "${STREAM}-${config}" --region="${REGION}" \
			--template-file-gcs-location="gs://${WORKER_BUCKET}/templates/stream.json" "${flags[@]}" \
			--additional-user-labels="app=${APP},config=${config}${MORE_LABELS}" --parameters="$(joined "${parameters[@]}")" --format='value(job.id)')
	fi
	if [[ ${PLANNING} == true ]]; then
		! exists functions "${FUNCTION}" || record_change '-' functions "${FUNCTION}"
		return 0
	fi
	wait_until_running "${id}" # only then the others go: messages that nobody takes are kept for a week, and loading stands still
	drain_all_but "${id}"
	delete functions "${FUNCTION}" gcloud functions delete "${FUNCTION}" --gen2 --region="${REGION}" # with its trigger: each message is loaded once
}

readonly JOB_SECONDS=${DEPLOY_JOB_SECONDS:-1200} # a job starts within minutes, and drains within minutes
readonly JOB_POLL_SECONDS=${DEPLOY_JOB_POLL_SECONDS:-10}

# job_state ID: as Dataflow names it, JOB_STATE_RUNNING for example
job_state() { cloud gcloud dataflow jobs describe "$1" --region="${REGION}" --format='value(currentState)'; }

# wait_for_state ID PATTERN: sets STATE; fails if it is another final state, or none of them in time
wait_for_state() {
	local began=${SECONDS}
	while true; do
		STATE=$(job_state "$1") || exit 1
		[[ ! ${STATE} =~ ^JOB_STATE_($2)$ ]] || return 0
		[[ ! ${STATE} =~ ^JOB_STATE_(DONE|FAILED|CANCELLED|DRAINED|UPDATED|STOPPED)$ ]] || return 1
		((SECONDS - began < JOB_SECONDS)) || return 1
		sleep "${JOB_POLL_SECONDS}" &
		wait $!
	done
}

declare STATE=''

# wait_until_running ID: Google accepts a job long before it runs, and some never do
wait_until_running() {
	info "Waiting until the job $1 runs (about five minutes)"
	wait_for_state "$1" RUNNING && return
	local -a said=()
	mapfile -t said < <(gcloud logging read "resource.type=\"dataflow_step\" AND resource.labels.job_id=\"$1\" AND severity>=ERROR" --order=desc --limit=5 --format='value(textPayload,jsonPayload.message)' </dev/null 2>&1)
	fail "The job $1 does not run: ${STATE}. The function, or the job before it, goes on loading." "${said[@]}" \
		'A network it cannot use (DATAFLOW_SUBNETWORK, DATAFLOW_PUBLIC_IPS) and a quota are the usual reasons. Its log:' \
		"console.cloud.google.com/dataflow/jobs/${REGION}/$1?project=${P}"
}

# drain_all_but [ID]: ends the other streaming jobs. gcloud says nothing when that fails (surface/dataflow/jobs/drain.py), so the state is looked at.
drain_all_but() {
	local jobs id name state
	local -a ended=()
	jobs=$(jobs_of_stream)
	while IFS='~' read -r name state id; do
		[[ -n ${name} && ${id} != "${1:-}" ]] || continue
		ended+=("${id}")
		[[ ${state} == Draining || ${state} == Cancelling ]] || cloud gcloud dataflow jobs drain "${id}" --region="${REGION}" >/dev/null
	done <<<"${jobs}"
	for id in "${ended[@]}"; do
		info "Waiting until the job ${id} is drained"
		wait_for_state "${id}" 'DRAINED|CANCELLED|FAILED|DONE|STOPPED' ||
			fail "The job ${id} still drains: ${STATE}." 'Its subscription stays until it has stored what it has taken. Run the same command again in some minutes.'
	done
}

# With LOADER=function again the job goes, after the function has come back.
end_stream() {
	[[ ${LOADER} == function ]] && { exists streams "${STREAM}" || exists subscriptions "${WORKER_SUBSCRIPTION}"; } || return 0
	! exists streams "${STREAM}" || record_change '-' streams "${STREAM}"
	[[ ${PLANNING} == false ]] || return 0
	drain_all_but
	delete subscriptions "${WORKER_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${WORKER_SUBSCRIPTION}"
}

# jobs_of_stream: a line "name~state~id" for each streaming job that has not ended; one that drains has not
jobs_of_stream() {
	enabled dataflow || return 0
	cloud gcloud dataflow jobs list --region="${REGION}" --status=active --filter="name ~ ^${STREAM}" --format='csv[no-heading,separator="~"](name,state,id)'
}

# select_stream FINGERPRINT: of several jobs, which an interruption may leave, the one that is wanted. One of its name that drains is waited for.
select_stream() {
	local jobs name state id
	[[ ${PLANNING} == false ]] || return 0
	jobs=$(jobs_of_stream)
	while IFS='~' read -r name state id; do
		[[ ${name} == "${STREAM}-$1" ]] || continue
		if [[ ${state} == Draining || ${state} == Cancelling ]]; then
			info "Waiting until the job ${id}, which has the same name, is drained"
			wait_for_state "${id}" 'DRAINED|CANCELLED|FAILED|DONE|STOPPED' || fail "The job ${id} still drains: ${STATE}." 'Run the same command again in some minutes.'
		else
			LIVE["streams/${STREAM}"]=$1 IDS["streams/${STREAM}"]=${id}
		fi
	done <<<"${jobs}"
}

# live_streams: the job that loads, as `list_live` reads it: its name's end is its fingerprint
live_streams() {
	local jobs name state id
	jobs=$(gcloud dataflow jobs list --region="${REGION}" --status=active --filter="name ~ ^${STREAM}" --format='csv[no-heading,separator="~"](name,state,id)') || return 1
	while IFS='~' read -r name state id; do
		[[ -z ${name} || ${state} == Draining || ${state} == Cancelling ]] || printf '%s~%s~%s\n' "${STREAM}" "${name#"${STREAM}"}" "${id}"
	done <<<"${jobs}" | sed "s/^${STREAM}~-/${STREAM}~/"
}

# The bucket's labels name the grants and the image as well.
list_dataflow() {
	lookup streams dataflow live_streams
	lookup buckets.dataflow storage gcloud storage buckets list --filter="name=${WORKER_BUCKET}" --format='csv[no-heading,separator="~"](name,labels.config,labels.grants,labels.template)'
}

check_dataflow() {
	[[ ${LOADER} == dataflow ]] || return 0
	local jobs name state running=false
	jobs=$(jobs_of_stream)
	while IFS='~' read -r name state _; do [[ ${state} != Running ]] || running=true; done <<<"${jobs}"
	if [[ ${running} == true ]]; then good "dataflow job ${STREAM}"; else bad "dataflow job ${STREAM}: not running" './deploy.sh up dataflow starts it.'; fi
}

destroy_dataflow() {
	local jobs id name state
	local -a ended=()
	jobs=$(jobs_of_stream)
	while IFS='~' read -r name state id; do
		[[ -n ${name} ]] || continue
		record_change '-' streams "${name}"
		ended+=("${id}")
		[[ ${state} == Cancelling ]] || cloud gcloud dataflow jobs cancel "${id}" --region="${REGION}" >/dev/null
	done <<<"${jobs}"
	for id in "${ended[@]}"; do
		wait_for_state "${id}" 'CANCELLED|DRAINED|FAILED|DONE|STOPPED' ||
			fail "The job ${id} is not cancelled yet: ${STATE}." 'Its bucket and account stay until then. Run ./deploy.sh destroy again in a minute.'
	done
	delete subscriptions "${WORKER_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${WORKER_SUBSCRIPTION}"
	delete buckets "${WORKER_BUCKET}" gcloud storage rm "gs://${WORKER_BUCKET}" --recursive --all-versions
}
