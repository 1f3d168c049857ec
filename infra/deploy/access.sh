#!/usr/bin/env bash
# Who may do what: infra/roles.tsv, applied where it says, to the one thing and not to the project.

declare -a POLICY=()
declare PRESENT=false

# The table, a line a role: member, role, resource, why; with this deployment's names in the place of the defaults.
roles() {
	local who role resource why
	while IFS=$'\t' read -r who role resource why; do
		case ${resource} in
			topic:tweets) resource="topic:${PUBSUB_TOPIC}" ;;
			topic:tweets-dead) resource="topic:${PUBSUB_DEAD_TOPIC}" ;;
			subscription:tweets-dataflow) resource="subscription:${WORKER_SUBSCRIPTION}" ;;
			subscription:tweets-archive) resource="subscription:${ARCHIVE_SUBSCRIPTION}" ;;
			secret:*) resource="secret:${SECRET}" ;;
			key:*) resource="key:${KMS_KEY}" ;;
			repository:*) resource="repository:${REPOSITORY}" ;;
			job:ingester) resource="job:${JOB}" ;;
			service:load-tweet) resource="service:${FUNCTION}" ;;
			service:remove-deleted) resource="service:${REMOVAL}" ;;
			*) ;;
		esac
		printf '%s\t%s\t%s\t%s\n' "${who}" "${role}" "${resource}" "${why}"
	done < <(cat infra/roles.tsv; ! with_dataflow || cat infra/dataflow-roles.tsv; [[ -z ${KMS_KEY} ]] || cat infra/key-roles.tsv)
}

# with_dataflow: whether its roles are wanted, because it is there or is about to be
with_dataflow() { [[ ${PART:-} == dataflow || ${LOADER} == dataflow ]] || exists accounts "$(account "${WORKER}")"; }

member() { # as Google names who is in the table's first column
	case $1 in
		pubsub-agent) printf 'serviceAccount:service-%s@gcp-sa-pubsub.iam.gserviceaccount.com' "${NUMBER}" ;;
		secret-agent) printf 'serviceAccount:service-%s@gcp-sa-secretmanager.iam.gserviceaccount.com' "${NUMBER}" ;;
		storage-agent) printf 'serviceAccount:service-%s@gs-project-accounts.iam.gserviceaccount.com' "${NUMBER}" ;;
		bigquery-agent) printf 'serviceAccount:bq-%s@bigquery-encryption.iam.gserviceaccount.com' "${NUMBER}" ;;
		*) printf 'serviceAccount:%s' "$(account "$1")" ;;
	esac
}

# policy_command RESOURCE get|add: POLICY is the command that reads or extends its policy; none for tables, whose grants are in
# the script of SQL. PRESENT: whether the resource is there.
policy_command() {
	local verb=get-iam-policy name=${1#*:}
	[[ $2 == add ]] && verb=add-iam-policy-binding
	PRESENT=false POLICY=()
	case $1 in
		project | buckets) PRESENT=true POLICY=(gcloud projects "${verb}" "${P}") ;;
		topic:*) target_exists topics "${name}" && POLICY=(gcloud pubsub topics "${verb}" "${name}") ;;
		subscription:load-tweet) [[ -n ${PUSH_SUBSCRIPTION} ]] && target_exists subscriptions "${PUSH_SUBSCRIPTION}" && POLICY=(gcloud pubsub subscriptions "${verb}" "${PUSH_SUBSCRIPTION}") ;;
		subscription:*) target_exists subscriptions "${name}" && POLICY=(gcloud pubsub subscriptions "${verb}" "${name}") ;;
		secret:*) target_exists secrets "${name}" && POLICY=(gcloud secrets "${verb}" "${name}") ;;
		key:*) PRESENT=true POLICY=(gcloud kms keys "${verb}" "${name}") ;;
		repository:*) target_exists repositories "${name}" && POLICY=(gcloud artifacts repositories "${verb}" "${name}" --location="${REGION}") ;;
		job:*) target_exists jobs "${name}" && POLICY=(gcloud run jobs "${verb}" "${name}" --region="${REGION}") ;;
		bucket:source) target_exists buckets "${BUCKET}" && POLICY=(gcloud storage buckets "${verb}" "gs://${BUCKET}") ;;
		bucket:dataflow) target_exists buckets "${WORKER_BUCKET}" && POLICY=(gcloud storage buckets "${verb}" "gs://${WORKER_BUCKET}") ;;
		account:*) name=$(account "${name}") && target_exists accounts "${name}" && POLICY=(gcloud iam service-accounts "${verb}" "${name}") ;;
		service:*) target_exists functions "${name}" && POLICY=(gcloud run services "${verb}" "${name}" --region="${REGION}") ;;
		table:*) ;;
		*) fail "infra/roles.tsv names a resource that is not known: $1" ;;
	esac
	return 0
}

target_exists() {
	if exists "$1" "$2" || [[ -e ${WORK}/made.$1.$2 ]]; then PRESENT=true; fi
	return 0
}

# role_key RESOURCE ROLE MEMBER: what a binding is called in LIVE; a condition is told by its title
role_key() {
	if [[ $1 == buckets ]]; then
		printf 'project|%s|%s|source-of-builds-%s' "$2" "$3" "${REGION}"
	else
		printf '%s|%s|%s' "$1" "$2" "$3"
	fi
}

# grant RESOURCE...: the roles of the table that are on these
grant() {
	local resource who role on member
	local -a condition
	for resource in "$@"; do
		while IFS=$'\t' read -r who role on _; do
			[[ ${on} == "${resource}" ]] || continue
			member=$(member "${who}")
			plan_change roles "$(role_key "${resource}" "${role}" "${member}")" || continue
			policy_command "${resource}" add
			condition=()
			[[ ${resource} == project || ${resource} == buckets ]] && condition=(--condition=None)
			[[ ${resource} == buckets ]] && condition=(--condition="$(build_buckets)")
			cloud "${POLICY[@]}" --member="${member}" --role="${role}" "${condition[@]}" >/dev/null
		done < <(roles)
	done
}

# Google copies a function's source into a bucket of its own before it builds it. The role covers those buckets and no others.
build_buckets() { printf "title=source-of-builds-%s,expression=resource.name.startsWith('projects/_/buckets/gcf-v2-')" "${REGION}"; }

service_account() { # NAME
	plan_change accounts "$(account "$1")" || return 0
	cloud gcloud iam service-accounts create "$(own_name "$1")" --display-name="${APP}: ${1#tds-}"
	mark_created accounts "$(account "$1")"
	LIVE["accounts/$(account "$1")"]='' # of two parts that need it the second finds it
}

# key_access: Google's own accounts, which encrypt and decrypt for us, are made when they are first asked for. They may use the key before
# anything is stored with it.
key_access() {
	local who granted=true
	for who in pubsub secret storage bigquery; do
		exists roles "$(role_key "key:${KMS_KEY}" roles/cloudkms.cryptoKeyEncrypterDecrypter "$(member "${who}-agent")")" || granted=false
	done
	if [[ ${granted} == false && ${PLANNING} == false ]]; then
		cloud gcloud beta services identity create --service=secretmanager.googleapis.com >/dev/null
		cloud gcloud storage service-agent >/dev/null
		cloud bq --headless --quiet --project_id="${P}" show --encryption_service_account >/dev/null
	fi
	grant "key:${KMS_KEY}"
}

# All of them, before any is given a role.
service_accounts() {
	local name
	for name in "${ACCOUNTS[@]}"; do service_account "${name}"; done
	if with_dataflow; then service_account "${WORKER}"; fi
	if [[ ${PLANNING} == false ]] && ! exists roles "topic:${PUBSUB_DEAD_TOPIC}|roles/pubsub.publisher|$(member pubsub-agent)"; then
		cloud gcloud beta services identity create --service=pubsub.googleapis.com >/dev/null # Pub/Sub's own account
	fi
	grant project buckets account:tds-push
	[[ -z ${KMS_KEY} ]] || key_access
}
