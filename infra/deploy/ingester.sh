#!/usr/bin/env bash
# The ingester: its image, the job, Scheduler's tick, and the execution that holds the stream.

# The bucket for uploaded source. The one that gcloud would create has access control per object, which organisations may forbid.
source_bucket() {
	local config
	local -a flags=(
		--uniform-bucket-level-access --public-access-prevention
		--lifecycle-file=infra/deploy/bucket-lifecycle.json --soft-delete-duration=0s # sources are deleted after a week
		${KMS_KEY:+--default-encryption-key="${KMS_KEY}"}
	)
	config=$(fingerprint "${flags[@]}" "$(<infra/deploy/bucket-lifecycle.json)")
	if plan_change buckets "${BUCKET}" "${config}"; then
		if [[ ${VERB} == create ]]; then
			cloud gcloud storage buckets create "gs://${BUCKET}" --location="${REGION}" "${flags[@]}" >/dev/null
		fi
		cloud gcloud storage buckets update "gs://${BUCKET}" "${flags[@]}" --update-labels="app=${APP},config=${config}${MORE_LABELS}" >/dev/null
		mark_created buckets "${BUCKET}"
	fi
	grant bucket:source
}

repository() {
	local config
	source_bucket
	config=$(fingerprint docker "$(<infra/deploy/keep-images.json)")
	if plan_change repositories "${REPOSITORY}" "${config}"; then
		if [[ ${VERB} == create ]]; then
			cloud gcloud artifacts repositories create "${REPOSITORY}" --repository-format=docker --location="${REGION}" "$(label "${config}")"
		else
			cloud gcloud artifacts repositories update "${REPOSITORY}" --location="${REGION}" "$(label "${config}")"
		fi
		cloud gcloud artifacts repositories set-cleanup-policies "${REPOSITORY}" --location="${REGION}" --policy=infra/deploy/keep-images.json --no-dry-run >/dev/null
		mark_created repositories "${REPOSITORY}"
	fi
	grant "repository:${REPOSITORY}"
}

ingester() {
	local folder source image image_there config variables live=${IDS["jobs/${JOB}"]:-}
	folder=$(stage ingester)
	source=$(cd "${folder}" && files_hash .)
	image="${REGISTRY}/ingester:${source}"
	variables=$(joined \
		"GOOGLE_CLOUD_PROJECT=${P}" "BIGQUERY_DATASET=${BIGQUERY_DATASET}" "PUBSUB_TOPIC=${PUBSUB_TOPIC}" \
		"PUBSUB_DEAD_TOPIC=${PUBSUB_DEAD_TOPIC}" "X_API_URL=${X_API_URL}" \
		"X_BEARER_TOKEN_SECRET=projects/${P}/secrets/${SECRET}" \
		"MAX_POSTS_PER_DAY=${MAX_POSTS_PER_DAY}" "MAX_POSTS_PER_MONTH=${MAX_POSTS_PER_MONTH}" "EXPAND_AUTHORS=${EXPAND_AUTHORS}" "EXPAND_REFERENCED=${EXPAND_REFERENCED}" \
		"REFRESH_AFTER=${REFRESH_AFTER}" "REFRESH_SHARE=${REFRESH_SHARE}" "REFRESH_MAX_PER_DAY=$((10#${REFRESH_MAX_PER_DAY}))")
	local -a shared=(
		--image="${image}" --service-account="$(account tds-ingester)" --set-env-vars="${variables}"
		--tasks=1 --parallelism=1 --cpu=1 --memory=512Mi
	)
	local -a flags=("${shared[@]}" --task-timeout=168h --max-retries=1) # as long as Google allows; Scheduler starts the next one, within 15 minutes
	config=$(fingerprint "${flags[@]}")
	INGESTER_CONFIG=${config}
	if plan_change jobs "${JOB}" "${config}"; then
		image_there=${live#*~}
		if [[ ${image_there%~*} != "${image}" || ${LIVE["jobs/${JOB}"]:-} == failed ]]; then # not where only a setting has changed
			step "Building the ingester's image (about a minute)"
			retry_until_propagated gcloud builds submit "${folder}" --config=infra/deploy/image.yaml --region="${REGION}" \
				--gcs-source-staging-dir="gs://${BUCKET}/ingester" \
				--service-account="projects/${P}/serviceAccounts/$(account tds-build)" \
				--substitutions="_IMAGE=${image}" >/dev/null
		fi
		retry_until_propagated gcloud run jobs deploy "${JOB}" --region="${REGION}" "${flags[@]}" --labels="app=${APP}${MORE_LABELS},config=${config},rules=${live%%~*}"
		mark_created jobs "${JOB}"
	fi
	# the same for what ./deploy.sh run asks for: once, and never again by itself
	flags=("${shared[@]}" --task-timeout=24h --max-retries=0)
	config=$(fingerprint "${flags[@]}")
	if plan_change jobs "${RUN_JOB}" "${config}"; then
		retry_until_propagated gcloud run jobs deploy "${RUN_JOB}" --region="${REGION}" "${flags[@]}" --labels="app=${APP},config=${config}${MORE_LABELS}"
	fi
	grant "job:${JOB}"
}

joined() { # with @ in between, which no value holds: values may hold commas
	local IFS=@
	printf '^@^%s' "$*"
}

tick() {
	local config
	local -a flags=(
		--location="${REGION}" --schedule='*/15 * * * *'
		--uri="https://run.googleapis.com/v2/projects/${P}/locations/${REGION}/jobs/${JOB}:run" --http-method=post
		--oauth-service-account-email="$(account tds-scheduler)"
		--attempt-deadline=60s --max-retry-attempts=0
	)
	# without a token an ingester would start, fail and be paid for a minute, each 15 minutes
	if ! exists schedules "${TICK}" && [[ ${PLANNING} == false ]] && ! has_token; then return 0; fi
	config=$(fingerprint "${flags[@]}")
	if plan_change schedules "${TICK}" "${config}"; then
		cloud gcloud scheduler jobs "${VERB}" http "${TICK}" "${flags[@]}" \
			--description="Starts the ingester; one that finds the stream held ends at once. config=${config}" >/dev/null
	fi
}
