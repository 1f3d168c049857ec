#!/usr/bin/env bash
# Pub/Sub: the schema, two topics, and the subscriptions that write BigQuery by themselves.

# A replay is not archived again (infra/bigquery/archive.json).
readonly NO_REPLAYS='NOT attributes.source = "archive" AND NOT attributes.source = "rejected"'

topics() {
	local config
	schema
	local -a key=(${KMS_KEY:+--topic-encryption-key="${KMS_KEY}"})
	config=$(fingerprint "${SCHEMA}" json 1d "${key[@]}")
	if plan_change topics "${PUBSUB_TOPIC}" "${config}"; then
		cloud gcloud pubsub topics "${VERB}" "${PUBSUB_TOPIC}" --schema="${SCHEMA}" --message-encoding=json \
			--message-retention-duration=1d "${key[@]}" "$(label "${config}")" >/dev/null
		mark_created topics "${PUBSUB_TOPIC}"
	fi
	# no schema here: it takes what the other one refuses
	config=$(fingerprint 7d "${key[@]}")
	if plan_change topics "${PUBSUB_DEAD_TOPIC}" "${config}"; then
		cloud gcloud pubsub topics "${VERB}" "${PUBSUB_DEAD_TOPIC}" --message-retention-duration=7d "${key[@]}" "$(label "${config}")" >/dev/null
		mark_created topics "${PUBSUB_DEAD_TOPIC}"
	fi
	# a tick that nobody takes is worth nothing a quarter of an hour later
	config=$(fingerprint tick)
	if plan_change topics "${REMOVAL_TOPIC}" "${config}"; then
		cloud gcloud pubsub topics "${VERB}" "${REMOVAL_TOPIC}" "$(label "${config}")" >/dev/null
	fi
	grant "topic:${PUBSUB_TOPIC}" "topic:${PUBSUB_DEAD_TOPIC}"
}

schema() {
	local live
	if ! exists schemas "${SCHEMA}"; then
		plan_change schemas "${SCHEMA}" || return 0
		cloud gcloud pubsub schemas create "${SCHEMA}" --type=avro --definition-file=infra/pubsub/tweet.avsc >/dev/null
		return
	fi
	live=$(cloud gcloud pubsub schemas describe "${SCHEMA}" --format='value(definition)')
	[[ ${live} == *'"namespace": "twitter"'* ]] ||
		fail "There is already a schema called ${SCHEMA} in ${P} that deploy.sh did not make." 'Use a project of its own.'
	LIVE["schemas/${SCHEMA}"]=$(normal_json <<<"${live}" | hash_of)
	plan_change schemas "${SCHEMA}" "$(normal_json <infra/pubsub/tweet.avsc | hash_of)" || return 0
	# a revision: the topic takes messages of either, so nothing is refused while the ingester is replaced
	cloud gcloud pubsub schemas commit "${SCHEMA}" --type=avro --definition-file=infra/pubsub/tweet.avsc >/dev/null
}

normal_json() { python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), sort_keys=True))'; }

# They write BigQuery from the moment on when they are made: tables and grants come first.
subscriptions() {
	local -a flags=(--topic="${PUBSUB_TOPIC}" --bigquery-table="${P}:${BIGQUERY_DATASET}.archive" --use-topic-schema --write-metadata)
	bigquery_subscription "${ARCHIVE_SUBSCRIPTION}" "${flags[@]}" --message-filter="${NO_REPLAYS}" \
		--dead-letter-topic="${PUBSUB_DEAD_TOPIC}" --max-delivery-attempts=100
	flags=(--topic="${PUBSUB_DEAD_TOPIC}" --bigquery-table="${P}:${BIGQUERY_DATASET}.rejected" --write-metadata)
	bigquery_subscription "${DEAD_SUBSCRIPTION}" "${flags[@]}"
	grant "subscription:${ARCHIVE_SUBSCRIPTION}"
}

bigquery_subscription() { # NAME FLAG...
	local name=$1 config flag
	shift
	# never expires, and what BigQuery does not take is kept for a week: both are off by default, and both lose posts
	local -a kept=(--ack-deadline=60 --expiration-period=never --message-retention-duration=7d --min-retry-delay=10s --max-retry-delay=600s)
	config=$(fingerprint "$@" "${kept[@]}")
	plan_change subscriptions "${name}" "${config}" || return 0
	if [[ ${VERB} == update ]]; then # what a subscription is made with and keeps
		local -a changeable=()
		for flag in "$@"; do [[ ${flag} == --topic=* || ${flag} == --message-filter=* ]] || changeable+=("${flag}"); done
		set -- "${changeable[@]}"
	fi
	retry_until_propagated gcloud pubsub subscriptions "${VERB}" "${name}" "$@" "${kept[@]}" "$(label "${config}")" >/dev/null
	mark_created subscriptions "${name}"
}

mark_created() { : >"${WORK}/made.$1.$2"; }

secret() {
	local live=''
	if plan_change secrets "${SECRET}"; then
		# in one region: an organisation may forbid others (gcp.resourceLocations), and with them automatic replication
		local -a place=(--replication-policy=user-managed --locations="${REGION}")
		if [[ -n ${KMS_KEY} ]]; then
			place=(--replication-policy-file=-)
			STDIN="{\"userManaged\": {\"replicas\": [{\"location\": \"${REGION}\", \"customerManagedEncryption\": {\"kmsKeyName\": \"${KMS_KEY}\"}}]}}"
		fi
		cloud gcloud secrets create "${SECRET}" "${place[@]}" --labels="app=${APP}${MORE_LABELS}"
		STDIN=''
		mark_created secrets "${SECRET}"
	elif exists secrets "${SECRET}" && [[ -n ${X_BEARER_TOKEN} ]]; then
		live=$(gcloud secrets versions access latest --secret="${SECRET}" 2>/dev/null </dev/null) || live=''
	fi
	if [[ -n ${X_BEARER_TOKEN} && ${live} != "${X_BEARER_TOKEN}" ]]; then
		record_change '+' secret_version "${SECRET}"
		if [[ ${PLANNING} == false ]]; then
			STDIN=${X_BEARER_TOKEN} # through standard input: an argument could be read by every process of this machine
			cloud gcloud secrets versions add "${SECRET}" --data-file=- >/dev/null
			STDIN=''
		fi
	fi
	grant "secret:${SECRET}"
}
