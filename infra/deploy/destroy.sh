#!/usr/bin/env bash
# Takes away what `up` made, first what would start something, last who may do it. Twice is harmless.

destroy() {
	local stays='the dataset and the secret'
	if [[ ${ALL} == true ]]; then
		stays=''
		local posts="the dataset ${BIGQUERY_DATASET}"
		[[ ${ADOPTED} == false ]] || posts="our tables and views in the dataset ${BIGQUERY_DATASET}"
		warn "This deletes every post: ${posts} of ${P}, and the secret with the token. It cannot be undone."
		if [[ ${YES} == false ]]; then
			local typed
			[[ -t 0 ]] || usage 'This asks before it does anything, and there is no one to ask.' 'Add --yes.'
			read -rp "       Type the project's id to go on: " typed
			[[ ${typed} == "${P}" ]] || { info 'Nothing was done.'; exit 0; }
		fi
	else
		info "What the pipeline is made of is removed from ${P}. ${stays^} stay (--all removes them too)."
		confirm 'Go on?'
	fi
	step 'Removing'
	delete schedules "${TICK}" gcloud scheduler jobs delete "${TICK}" --location="${REGION}"
	delete schedules "${REMOVAL_TICK}" gcloud scheduler jobs delete "${REMOVAL_TICK}" --location="${REGION}"
	if exists jobs "${JOB}"; then cancel_executions; fi
	if exists jobs "${RUN_JOB}"; then cancel_executions '' "${RUN_JOB}"; fi
	delete jobs "${JOB}" gcloud run jobs delete "${JOB}" --region="${REGION}"
	delete jobs "${RUN_JOB}" gcloud run jobs delete "${RUN_JOB}" --region="${REGION}"
	delete functions "${FUNCTION}" gcloud functions delete "${FUNCTION}" --gen2 --region="${REGION}" # with its trigger and subscription
	delete functions "${REMOVAL}" gcloud functions delete "${REMOVAL}" --gen2 --region="${REGION}"
	destroy_dataflow
	delete subscriptions "${ARCHIVE_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${ARCHIVE_SUBSCRIPTION}"
	delete subscriptions "${DEAD_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${DEAD_SUBSCRIPTION}"
	delete topics "${PUBSUB_TOPIC}" gcloud pubsub topics delete "${PUBSUB_TOPIC}"
	delete topics "${PUBSUB_DEAD_TOPIC}" gcloud pubsub topics delete "${PUBSUB_DEAD_TOPIC}"
	delete topics "${REMOVAL_TOPIC}" gcloud pubsub topics delete "${REMOVAL_TOPIC}"
	delete schemas "${SCHEMA}" gcloud pubsub schemas delete "${SCHEMA}"
	delete repositories "${REPOSITORY}" gcloud artifacts repositories delete "${REPOSITORY}" --location="${REGION}"
	delete buckets "${BUCKET}" gcloud storage rm "gs://${BUCKET}" --recursive --all-versions
	delete_monitoring
	delete_budget
	if [[ ${ALL} == true ]]; then
		if [[ ${ADOPTED} == true ]]; then
			leave_dataset
		else
			delete dataset "${BIGQUERY_DATASET}" bq --headless --quiet --project_id="${P}" rm -r -f --dataset "${P}:${BIGQUERY_DATASET}"
		fi
		delete secrets "${SECRET}" gcloud secrets delete "${SECRET}"
	elif exists accounts "$(account tds-ingester)" && exists dataset "${BIGQUERY_DATASET}" && is_managed dataset "${BIGQUERY_DATASET}"; then
		local table
		local -a tables=()
		for table in $(python3 infra/deploy/ddl.py --names); do
			if exists tables "${table}"; then tables+=("${table}"); fi
		done
		local workers=''
		! exists accounts "$(account "${WORKER}")" || workers=true
		STDIN=$(WITH_DATAFLOW=${workers} python3 infra/deploy/ddl.py --revoke "${tables[@]}")
		[[ -z ${STDIN} ]] || run_sql
		local -a marks=(config=kept) # the next `up` grants again
		[[ ${ADOPTED} == false ]] || marks+=(adopted=true)
		STDIN=$(mark_dataset "${marks[@]}")
		run_sql
	fi
	remove_roles
	local name
	for name in "${ACCOUNTS[@]}" "${WORKER}"; do
		delete accounts "$(account "${name}")" gcloud iam service-accounts delete "$(account "${name}")"
	done
	verify_deleted "${stays}"
}

# delete KIND NAME COMMAND...
delete() {
	local kind=$1 name=$2
	shift 2
	exists "${kind}" "${name}" || return 0
	if ! is_managed "${kind}" "${name}"; then
		warn "${kind} ${name} was not made by deploy.sh and is left alone."
		return 0
	fi
	record_change '-' "${kind}" "${name}"
	cloud "$@" >/dev/null
}

delete_monitoring() {
	local key
	for key in "${!LIVE[@]}"; do
		case ${key} in
			alerts/?*) delete alerts "${key#*/}" gcloud alpha monitoring policies delete "${IDS[${key}]}" ;;
			metrics/"${PREFIX}"_*) delete metrics "${key#*/}" gcloud logging metrics delete "${key#*/}" ;;
			*) ;;
		esac
	done
	for key in "${!LIVE[@]}"; do # a channel can go when no alert names it
		[[ ${key} != channels/?* ]] || delete channels "${key#*/}" gcloud beta monitoring channels delete "${IDS[${key}]}"
	done
	delete dashboards "${APP}" gcloud monitoring dashboards delete "projects/${NUMBER}/dashboards/${APP}"
	delete exclusions "${EXCLUSION}" gcloud logging sinks update _Default --remove-exclusions="${EXCLUSION}"
}

# Before the accounts go: a binding of one that is gone would stay in the project's policy as deleted:serviceAccount.
remove_roles() {
	local key resource role member
	for key in "${!LIVE[@]}"; do
		[[ ${key} == roles/* ]] || continue
		IFS='|' read -r resource role member _ <<<"${key#roles/}"
		[[ ${member} == serviceAccount:"${PREFIX}"-*"@${PROJECT_DOMAIN}.iam.gserviceaccount.com" ]] || continue
		case ${resource} in
			project) delete roles "${key#roles/}" gcloud projects remove-iam-policy-binding "${P}" --member="${member}" --role="${role}" --all ;;
			"secret:${SECRET}") [[ ${ALL} == true ]] || delete roles "${key#roles/}" gcloud secrets remove-iam-policy-binding "${SECRET}" --member="${member}" --role="${role}" --all ;;
			*) ;; # gone with what it was on
		esac
	done
}

verify_deleted() {
	local key left=''
	LIVE=() IDS=()
	rm -f "${WORK}"/live.* "${WORK}"/made.*
	list_apis
	list_everything
	! enabled billingbudgets || list_budget || :
	for key in "${!LIVE[@]}"; do
		case ${key} in
			"schedules/${TICK}" | "schedules/${REMOVAL_TICK}" | "functions/${REMOVAL}" | "topics/${REMOVAL_TOPIC}" | "subscriptions/eventarc-${REGION}-${REMOVAL}-"* | "jobs/${JOB}" | "jobs/${RUN_JOB}" | "functions/${FUNCTION}" | "topics/${PUBSUB_TOPIC}" | "topics/${PUBSUB_DEAD_TOPIC}" | \
				"subscriptions/${ARCHIVE_SUBSCRIPTION}" | "subscriptions/${DEAD_SUBSCRIPTION}" | "subscriptions/eventarc-${REGION}-${FUNCTION}-"* | "schemas/${SCHEMA}" | \
				"repositories/${REPOSITORY}" | metrics/"${PREFIX}"_* | alerts/?* | channels/?* | "dashboards/${APP}" | "exclusions/${EXCLUSION}" | accounts/"${PREFIX}"-* | \
				"buckets/${BUCKET}" | "buckets/${WORKER_BUCKET}" | "streams/${STREAM}" | "subscriptions/${WORKER_SUBSCRIPTION}" | "budgets/"?* | "roles/project|"*"|serviceAccount:${PREFIX}-"*"@${PROJECT_DOMAIN}."* | "roles/secret:"*"|serviceAccount:${PREFIX}-"*"@${PROJECT_DOMAIN}."*) left+=" ${key}" ;;
			"dataset/${BIGQUERY_DATASET}" | "secrets/${SECRET}") [[ ${ALL} == false ]] || left+=" ${key}" ;;
			*) ;;
		esac
		if [[ ${left} == *" ${key}" ]] && ! is_managed "${key%%/*}" "${key#*/}"; then left=${left%" ${key}"}; fi
	done
	[[ -z ${left} ]] || fail 'These are still there:' "${left}" 'Google may take a minute to forget them; run ./deploy.sh destroy once more.'
	step "Nothing is left$([[ -z $1 ]] || printf ' but %s' "$1")."
	info 'The APIs stay enabled, and so do the buckets in which Google keeps the source of functions (gcf-v2-...): both may be used by others, and cost next to nothing.'
}
