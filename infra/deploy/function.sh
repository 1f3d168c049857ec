#!/usr/bin/env bash
# The functions: load_tweet with the subscription that Eventarc makes for it, and remove_deleted with its schedule.

declare PUSH_SUBSCRIPTION=''

# What the trigger's subscription is called is Eventarc's choice.
find_push_subscription() {
	local trigger=${IDS["functions/${FUNCTION}"]:-}
	PUSH_SUBSCRIPTION=''
	trigger=${trigger%%~*}
	[[ -z ${trigger} ]] || PUSH_SUBSCRIPTION=${LIVE["triggers/${trigger}"]:-}
}

load_tweet() {
	local config trigger
	local -a flags=(
		--gen2 --region="${REGION}" --source=functions/load_tweet --entry-point=load_tweet
		--runtime="python$(cut -d. -f1,2 <<<"${PYTHON_VERSION}" | tr -d .)"
		--trigger-topic="${PUBSUB_TOPIC}" --trigger-location="${REGION}" --trigger-service-account="$(account tds-push)"
		--retry                                              # without it a failure is acknowledged, and the post is lost
		--run-service-account="$(account tds-load-tweet)"
		--build-service-account="projects/${P}/serviceAccounts/$(account tds-build)"
		--docker-repository="projects/${P}/locations/${REGION}/repositories/${REPOSITORY}"
		--cpu=1 --memory=512Mi --concurrency=400             # group commit: one instance takes 2,800 posts a second (docs/benchmarks/function.md)
		--min-instances=0 --max-instances=5 --timeout=60s    # five at the most: what a loop could cost is bounded
		--ingress-settings=internal-only --no-allow-unauthenticated
		--set-env-vars="$(joined "GOOGLE_CLOUD_PROJECT=${P}" "BIGQUERY_DATASET=${BIGQUERY_DATASET}" "LANGUAGES=${LANGUAGES}" "KEEP_RETWEETS=${KEEP_RETWEETS}")"
	)
	config=$(fingerprint "${flags[@]}" "$(cd functions/load_tweet && files_hash .)")
	if decide functions "${FUNCTION}" "${config}"; then
		step 'Deploying the function load-tweet (two minutes)'
		patiently gcloud functions deploy "${FUNCTION}" "${flags[@]}" --update-labels="app=${APP},config=${config}" >/dev/null
		made functions "${FUNCTION}"
		trigger=$(cloud gcloud functions describe "${FUNCTION}" --gen2 --region="${REGION}" --format='value(eventTrigger.trigger.basename())')
		PUSH_SUBSCRIPTION=$(cloud gcloud eventarc triggers describe "${trigger}" --location="${REGION}" --format='value(transport.pubsub.subscription.basename())')
		made subscriptions "${PUSH_SUBSCRIPTION}"
	fi
	give "service:${FUNCTION}"
	push_subscription
}

# As Eventarc makes it, it keeps a message for a day and then drops it, and has no dead letter.
push_subscription() {
	local config
	local -a flags=(
		--dead-letter-topic="${PUBSUB_DEAD_TOPIC}" --max-delivery-attempts=20
		--min-retry-delay=10s --max-retry-delay=600s
		--ack-deadline=120 # longer than the function's timeout
		--message-retention-duration=7d --expiration-period=never
	)
	config=$(fingerprint "${flags[@]}")
	if [[ -z ${PUSH_SUBSCRIPTION} ]]; then
		[[ ${PLANNING} == true ]] || fail "Eventarc has no subscription for ${FUNCTION}: nothing would be stored." 'Was it deleted? ./deploy.sh up function --again makes it anew.'
		note '+' subscriptions "of ${FUNCTION}"
		return 0
	fi
	LIVE["subscriptions/${PUSH_SUBSCRIPTION}"]=${LIVE["subscriptions/${PUSH_SUBSCRIPTION}"]:-} # Eventarc has made it
	if decide subscriptions "${PUSH_SUBSCRIPTION}" "${config}"; then
		cloud gcloud pubsub subscriptions update "${PUSH_SUBSCRIPTION}" "${flags[@]}" --update-labels="app=${APP},config=${config}" >/dev/null
	fi
	give subscription:load-tweet
}

# What was deleted on X goes from here: README.md, "What was deleted on X".
remove_deleted() {
	local config
	local -a flags=(
		--gen2 --region="${REGION}" --source=functions/remove_deleted --entry-point=remove_deleted
		--runtime="python$(cut -d. -f1,2 <<<"${PYTHON_VERSION}" | tr -d .)"
		--trigger-topic="${REMOVAL_TOPIC}" --trigger-location="${REGION}" --trigger-service-account="$(account tds-push)"
		--no-retry                                       # the next tick goes on where this one ended
		--run-service-account="$(account tds-remove-deleted)"
		--build-service-account="projects/${P}/serviceAccounts/$(account tds-build)"
		--docker-repository="projects/${P}/locations/${REGION}/repositories/${REPOSITORY}"
		--cpu=1 --memory=1Gi --concurrency=1
		--min-instances=0 --max-instances=1 --timeout=540s # one at a time
		--ingress-settings=internal-only --no-allow-unauthenticated
		--set-env-vars="$(joined "GOOGLE_CLOUD_PROJECT=${P}" "BIGQUERY_DATASET=${BIGQUERY_DATASET}" "X_API_URL=${X_API_URL}" "X_BEARER_TOKEN_SECRET=projects/${P}/secrets/${SECRET}")"
	)
	config=$(fingerprint "${flags[@]}" "$(cd functions/remove_deleted && files_hash .)")
	if decide functions "${REMOVAL}" "${config}"; then
		step 'Deploying the function remove-deleted (two minutes)'
		patiently gcloud functions deploy "${REMOVAL}" "${flags[@]}" --update-labels="app=${APP},config=${config}" >/dev/null
		made functions "${REMOVAL}"
	fi
	give "service:${REMOVAL}"
	removal_tick
}

removal_tick() {
	local config
	local -a flags=(--location="${REGION}" --schedule='*/15 * * * *' --topic="projects/${P}/topics/${REMOVAL_TOPIC}" --message-body='{}')
	config=$(fingerprint "${flags[@]}")
	if decide schedules "${REMOVAL_TICK}" "${config}"; then
		cloud gcloud scheduler jobs "${VERB}" pubsub "${REMOVAL_TICK}" "${flags[@]}" \
			--description="Removes what was deleted on X, a step at a time. config=${config}" >/dev/null
	fi
}
