#!/usr/bin/env bash
# The functions: load_tweet with the subscription that Eventarc makes for it, and remove_deleted with its schedule.

declare PUSH_SUBSCRIPTION='' DEPLOYED=false

# What the trigger's subscription is called is Eventarc's choice.
find_push_subscription() {
	local trigger=${IDS["functions/${FUNCTION}"]:-}
	PUSH_SUBSCRIPTION=''
	trigger=${trigger%%~*}
	[[ -z ${trigger} ]] || PUSH_SUBSCRIPTION=${LIVE["triggers/${trigger}"]:-}
}

# deploy_function NAME PART FLAG...: deploys a function, of functions/PART, if it differs, and sets DEPLOYED. The array TRIGGER holds the flags of its trigger.
#
# Google may delete and recreate a trigger whose flags are given again, if one field differs, and its subscription is lost with the
# backlog (github.com/google-github-actions/deploy-cloud-functions/issues/419). So the flags are given only when the function is created
# or one of them has changed, or where the trigger is lost or the deployment failed (inventory.sh, invalidate_failed). The label
# `trigger` holds a hash of those that were given last.
deploy_function() {
	local name=$1 part=$2 folder config trigger live
	shift 2
	folder=$(stage "functions/${part}")
	local -a flags=(
		--gen2 --region="${REGION}" --entry-point="${part}"
		--runtime="python$(cut -d. -f1,2 <<<"${PYTHON_VERSION}" | tr -d .)"
		--build-service-account="projects/${P}/serviceAccounts/$(account tds-build)"
		--docker-repository="projects/${P}/locations/${REGION}/repositories/${REPOSITORY}" --stage-bucket="${BUCKET}"
		--ingress-settings=internal-only --no-allow-unauthenticated
		"$@"
	)
	trigger=$(digest "${TRIGGER[@]}")
	config=$(fingerprint "${flags[@]}" "${TRIGGER[@]}" "$(cd "${folder}" && files_hash .)")
	DEPLOYED=false
	plan_change functions "${name}" "${config}" || return 0
	live=${IDS["functions/${name}"]:-}
	live=${live#*~}
	if [[ ${VERB} == create || ${live%%~*} != "${trigger}" || ${LIVE["functions/${name}"]} == broken ]]; then
		flags+=("${TRIGGER[@]}")
		delete_trigger_without_subscription "${name}"
	fi
	step "Deploying the function ${name} (two minutes)"
	retry_until_propagated gcloud functions deploy "${name}" --source="${folder}" "${flags[@]}" --update-labels="app=${APP}${MORE_LABELS},config=${config},trigger=${trigger}" >/dev/null
	mark_created functions "${name}"
	DEPLOYED=true
}

# A trigger whose subscription somebody deleted stays as it is when the function is deployed, and nothing reaches it. Eventarc makes no new subscription for
# it: cloud.google.com/eventarc/docs/issues.
delete_trigger_without_subscription() { # FUNCTION
	local trigger=${IDS["functions/$1"]:-}
	trigger=${trigger%%~*}
	[[ -n ${trigger} ]] && exists triggers "${trigger}" && ! exists subscriptions "${LIVE["triggers/${trigger}"]}" || return 0
	cloud gcloud eventarc triggers delete "${trigger}" --location="${REGION}" >/dev/null
}

load_tweet() {
	local before=${PUSH_SUBSCRIPTION} name memory=512Mi
	[[ ${SENTIMENT} != multilingual ]] || memory=1Gi # the vectors' weights take 140 MB (docs/explanation/sentiment.md)
	local -a TRIGGER=(
		--trigger-topic="${PUBSUB_TOPIC}" --trigger-location="${REGION}" --trigger-service-account="$(account tds-push)"
		--retry # without it a failure is acknowledged, and the post is lost
	)
	local -a flags=(
		--run-service-account="$(account tds-load-tweet)"
		--cpu=1 --memory="${memory}" --concurrency=400 # group commit: one instance takes more than X's 250 posts a second (docs/benchmarks/function.md)
		--min-instances=0 --max-instances=5 --timeout=60s # five at the most: what a loop could cost is bounded
		# LOG_EXECUTION_ID: Google's default parses each log line, writes it in two pieces, and gives what is logged between requests the id
		# of the first one. Our lines carry the trace and the messages' ids themselves.
		--set-env-vars="$(joined "GOOGLE_CLOUD_PROJECT=${P}" "BIGQUERY_DATASET=${BIGQUERY_DATASET}" "LANGUAGES=${LANGUAGES}" "KEEP_RETWEETS=${KEEP_RETWEETS}" "SENTIMENT=${SENTIMENT}" 'LOG_EXECUTION_ID=false')"
	)
	deploy_function "${FUNCTION}" load_tweet "${flags[@]}"
	if [[ ${DEPLOYED} == true ]]; then
		name=$(cloud gcloud functions describe "${FUNCTION}" --gen2 --region="${REGION}" --format='value(eventTrigger.trigger.basename())')
		PUSH_SUBSCRIPTION=$(cloud gcloud eventarc triggers describe "${name}" --location="${REGION}" --format='value(transport.pubsub.subscription.basename())')
		mark_created subscriptions "${PUSH_SUBSCRIPTION}"
		LIVE["subscriptions/${PUSH_SUBSCRIPTION}"]='' # Google may have reset it to its own defaults: set it up again
		if [[ -n ${before} && ${before} != "${PUSH_SUBSCRIPTION}" ]]; then
			warn "Google has made the trigger of ${FUNCTION} anew: the subscription ${before} is gone, and the messages that waited in it." \
				"The archive has them. Store them with: ./deploy.sh run archive --from $(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M 2>/dev/null || date -u -v-1H +%Y-%m-%dT%H:%M)" \
				'(or from when messages began to wait; what is stored already is not shown twice).'
		fi
	fi
	grant "service:${FUNCTION}"
	push_subscription
}

# As Eventarc makes it, it keeps a message for a day and then drops it, and has no dead letter.
push_subscription() {
	local config
	local -a flags=(
		--dead-letter-topic="${PUBSUB_DEAD_TOPIC}" --max-delivery-attempts=100 # the most: about 16 hours
		--min-retry-delay=10s --max-retry-delay=600s
		--ack-deadline=120 # longer than the function's timeout
		--message-retention-duration=7d --expiration-period=never
	)
	config=$(fingerprint "${flags[@]}")
	if [[ -z ${PUSH_SUBSCRIPTION} ]]; then
		[[ ${PLANNING} == true ]] || fail "Eventarc has no subscription for ${FUNCTION}: nothing would be stored." 'Was it deleted? ./deploy.sh up function --again makes it anew.'
		record_change '+' subscriptions "of ${FUNCTION}"
		return 0
	fi
	LIVE["subscriptions/${PUSH_SUBSCRIPTION}"]=${LIVE["subscriptions/${PUSH_SUBSCRIPTION}"]:-} # Eventarc has made it
	if plan_change subscriptions "${PUSH_SUBSCRIPTION}" "${config}"; then
		cloud gcloud pubsub subscriptions update "${PUSH_SUBSCRIPTION}" "${flags[@]}" --update-labels="app=${APP},config=${config}${MORE_LABELS}" >/dev/null
	fi
	grant subscription:load-tweet
}

# What was deleted on X goes from here: docs/how-to/remove-posts.md.
remove_deleted() {
	local -a TRIGGER=(
		--trigger-topic="${REMOVAL_TOPIC}" --trigger-location="${REGION}" --trigger-service-account="$(account tds-push)"
		--no-retry # the next tick goes on where this one ended
	)
	local -a flags=(
		--run-service-account="$(account tds-remove-deleted)"
		--cpu=1 --memory=1Gi --concurrency=1
		--min-instances=0 --max-instances=1 --timeout=540s # one at a time
		--set-env-vars="$(joined "GOOGLE_CLOUD_PROJECT=${P}" "BIGQUERY_DATASET=${BIGQUERY_DATASET}" "X_API_URL=${X_API_URL}" "X_BEARER_TOKEN_SECRET=projects/${P}/secrets/${SECRET}" 'LOG_EXECUTION_ID=false')"
	)
	deploy_function "${REMOVAL}" remove_deleted "${flags[@]}"
	grant "service:${REMOVAL}"
	removal_tick
}

removal_tick() {
	local config
	local -a flags=(--location="${REGION}" --schedule='*/15 * * * *' --topic="projects/${P}/topics/${REMOVAL_TOPIC}" --message-body='{}')
	config=$(fingerprint "${flags[@]}")
	if plan_change schedules "${REMOVAL_TICK}" "${config}"; then
		cloud gcloud scheduler jobs "${VERB}" pubsub "${REMOVAL_TICK}" "${flags[@]}" \
			--description="Removes what was deleted on X, a step at a time. config=${config}" >/dev/null
	fi
}
