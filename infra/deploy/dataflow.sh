#!/usr/bin/env bash
# Dataflow, for those who want it: imports in the cloud, and with LOADER=dataflow a streaming job in the place of the function load_tweet.
# Not part of a plain `up`.

readonly DATAFLOW_APIS=(dataflow.googleapis.com compute.googleapis.com bigquerystorage.googleapis.com)

# What Dataflow's workers need: an account, a bucket, a subscription, and the image with its template.
dataflow() {
	local api
	local -a missing=()
	for api in "${DATAFLOW_APIS[@]}"; do decide services "${api}" && missing+=("${api}"); done
	((${#missing[@]} == 0)) || cloud gcloud services enable "${missing[@]}" >/dev/null
	repository
	if decide accounts "$(account "${WORKER}")"; then
		cloud gcloud iam service-accounts create "${WORKER}" --display-name='twitter-data-stream: dataflow'
		made accounts "$(account "${WORKER}")"
	fi
	worker_bucket
	local known=${IDS["buckets/${WORKER_BUCKET}"]:-}
	if [[ -n ${known} ]]; then LIVE["grants/${WORKER}"]=${known%%~*} LIVE["templates/${WORKER}"]=${known##*~}; fi
	worker_subscription
	worker_tables
	give_workers
	template
	if [[ ${LOADER} == dataflow ]]; then streaming_job; else info "Imports can run on Dataflow: docs/how-to/import.md. LOADER=dataflow also starts a streaming job, for about \$$(streaming_dollars) a month."; fi
}

streaming_dollars() { python3 infra/deploy/estimate.py --posts-per-day 0 --streaming; }

# The template stays; what an import or a job has put beside it goes after a week.
worker_bucket() {
	local config
	local -a flags=(--uniform-bucket-level-access --public-access-prevention --lifecycle-file=infra/deploy/dataflow-lifecycle.json --soft-delete-duration=0s)
	config=$(fingerprint "${flags[@]}" "$(<infra/deploy/dataflow-lifecycle.json)")
	decide buckets "${WORKER_BUCKET}" "${config}" || return 0
	if [[ ${VERB} == create ]]; then
		cloud gcloud storage buckets create "gs://${WORKER_BUCKET}" --location="${REGION}" "${flags[@]}" >/dev/null
	fi
	cloud gcloud storage buckets update "gs://${WORKER_BUCKET}" "${flags[@]}" --update-labels="app=${APP},config=${config}" >/dev/null
	made buckets "${WORKER_BUCKET}"
}

# Made before the function's trigger goes, so that no message is in neither. Without a job it would fill up: it is only there with one.
worker_subscription() {
	local config
	[[ ${LOADER} == dataflow ]] || return 0
	local -a kept=(--ack-deadline=600 --expiration-period=never --message-retention-duration=7d --min-retry-delay=10s --max-retry-delay=600s)
	config=$(fingerprint "${kept[@]}")
	decide subscriptions "${WORKER_SUBSCRIPTION}" "${config}" || return 0
	local -a topic=()
	[[ ${VERB} == update ]] || topic=(--topic="${PUBSUB_TOPIC}")
	patiently gcloud pubsub subscriptions "${VERB}" "${WORKER_SUBSCRIPTION}" "${topic[@]}" "${kept[@]}" "$(label "${config}")" >/dev/null
	made subscriptions "${WORKER_SUBSCRIPTION}"
}

# Its tables are granted by SQL, like those of the others; the bucket's label remembers which.
worker_tables() {
	local who role resource sql=''
	while IFS=$'\t' read -r who role resource _; do
		[[ ${resource} == table:* ]] || continue
		sql+="GRANT \`${role}\` ON TABLE \`${P}.${BIGQUERY_DATASET}.${resource#table:}\` TO \"$(member "${who}")\";"$'\n'
	done <infra/dataflow-roles.tsv
	decide grants "${WORKER}" "$(hash_of <<<"${sql}")" || return 0
	GIVEN=${sql}
	patiently bq --headless --quiet --project_id="${P}" --location="${BIGQUERY_LOCATION}" query --use_legacy_sql=false >/dev/null
	GIVEN=''
	cloud gcloud storage buckets update "gs://${WORKER_BUCKET}" --update-labels="grants=$(hash_of <<<"${sql}")" >/dev/null
}

give_workers() {
	local resource
	for resource in project "bucket:dataflow" "repository:${REPOSITORY}" "subscription:${WORKER_SUBSCRIPTION}"; do
		[[ ${resource} != subscription:* || ${LOADER} == dataflow ]] || continue
		give "${resource}"
	done
}

# The image holds the folder dataflow and the function's row code.
dataflow_source() {
	local folder="${WORK}/dataflow-image"
	if [[ ! -d ${folder} ]]; then
		mkdir -p "${folder}/functions"
		cp -R "$(stage dataflow)" "${folder}/dataflow"
		cp -R "$(stage functions/load_tweet)" "${folder}/functions/load_tweet"
		cp functions/__init__.py "${folder}/functions/"
		cp dataflow/Dockerfile "${folder}/"
	fi
	printf '%s' "${folder}"
}

# The template says how a streaming job is started from it.
template() {
	local source image folder
	folder=$(dataflow_source)
	source=$(cd "${folder}" && files_hash .)
	image="${REGISTRY}/dataflow:${source}"
	decide templates "${WORKER}" "${source}" || return 0
	step "Building Dataflow's image (about five minutes: Beam is large)"
	patiently gcloud builds submit "${folder}" --config=infra/deploy/image.yaml --region="${REGION}" \
		--gcs-source-staging-dir="gs://${BUCKET}/dataflow" --service-account="projects/${P}/serviceAccounts/$(account tds-build)" \
		--substitutions="_IMAGE=${image},_PYTHON_VERSION=${PYTHON_VERSION}" >/dev/null
	patiently gcloud dataflow flex-template build "gs://${WORKER_BUCKET}/templates/stream.json" --image="${image}" \
		--sdk-language=PYTHON --metadata-file=dataflow/template.json >/dev/null
	cloud gcloud storage buckets update "gs://${WORKER_BUCKET}" --update-labels="template=${source}" >/dev/null
}

# A job that runs with other code or settings is drained, and another is started: the subscription keeps what comes meanwhile.
streaming_job() {
	local config
	local -a parameters=(
		"subscription=projects/${P}/subscriptions/${WORKER_SUBSCRIPTION}" "dataset=${BIGQUERY_DATASET}" "keep_retweets=${KEEP_RETWEETS}"
		"sdk_container_image=${REGISTRY}/dataflow:$(cd "$(dataflow_source)" && files_hash .)"
	)
	[[ -z ${LANGUAGES} ]] || parameters+=("languages=${LANGUAGES}")
	config=$(fingerprint "${parameters[@]}")
	if decide streams "${STREAM}" "${config}"; then
		warn "A streaming job costs about \$$(streaming_dollars) a month, whether posts come or not. ./deploy.sh up with LOADER=function ends it."
		confirm 'Start it?'
		drain
		patiently gcloud dataflow flex-template run "${STREAM}" --region="${REGION}" \
			--template-file-gcs-location="gs://${WORKER_BUCKET}/templates/stream.json" \
			--service-account-email="$(account "${WORKER}")" --num-workers=1 --max-workers=2 --worker-machine-type=e2-standard-2 \
			--enable-streaming-engine --staging-location="gs://${WORKER_BUCKET}/tmp" --temp-location="gs://${WORKER_BUCKET}/tmp" \
			--additional-user-labels="app=${APP},config=${config}" --parameters="$(joined "${parameters[@]}")" >/dev/null
	fi
	gone functions "${FUNCTION}" gcloud functions delete "${FUNCTION}" --gen2 --region="${REGION}" # with its trigger: each message is loaded once
}

drain() {
	local id=${IDS["streams/${STREAM}"]:-}
	[[ -z ${id} ]] || cloud gcloud dataflow jobs drain "${id}" --region="${REGION}" >/dev/null
}

# With LOADER=function again the job goes, after the function has come back.
without_stream() {
	[[ ${LOADER} == function ]] && there streams "${STREAM}" || return 0
	note '-' streams "${STREAM}"
	[[ ${PLANNING} == false ]] || return 0
	drain
	gone subscriptions "${WORKER_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${WORKER_SUBSCRIPTION}"
}

# The bucket's labels name the grants and the image as well.
look_at_dataflow() {
	of streams dataflow gcloud dataflow jobs list --region="${REGION}" --status=active --filter="name=${STREAM}" --format='csv[no-heading,separator="~"](name,labels.config,id)'
	of buckets.dataflow storage gcloud storage buckets list --filter="name=${WORKER_BUCKET}" --format='csv[no-heading,separator="~"](name,labels.config,labels.grants,labels.template)'
}

check_dataflow() {
	[[ ${LOADER} == dataflow ]] || return 0
	if there streams "${STREAM}"; then good "dataflow job ${STREAM}"; else bad "dataflow job ${STREAM}: not running" './deploy.sh up dataflow starts it.'; fi
	if there subscriptions "${WORKER_SUBSCRIPTION}"; then good "subscription ${WORKER_SUBSCRIPTION}"; else bad "subscription ${WORKER_SUBSCRIPTION}: not there" './deploy.sh up dataflow'; fi
}

destroy_dataflow() {
	if there streams "${STREAM}"; then
		note '-' streams "${STREAM}"
		cloud gcloud dataflow jobs cancel "${IDS["streams/${STREAM}"]}" --region="${REGION}" >/dev/null
	fi
	gone subscriptions "${WORKER_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${WORKER_SUBSCRIPTION}"
	gone buckets "${WORKER_BUCKET}" gcloud storage rm --recursive --all-versions "gs://${WORKER_BUCKET}"
}
