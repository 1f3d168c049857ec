#!/usr/bin/env bash
# What is there already: a list a kind, asked for side by side. Nothing is written.

readonly AT_ONCE=6 # gcloud takes 100 MB a process

list_everything() {
	step 'Looking at what is there'
	# KIND API COMMAND...; a kind whose API is not enabled has nothing in it
	lookup accounts iam gcloud iam service-accounts list --format='csv[no-heading,separator="~"](email)'
	lookup secrets secretmanager gcloud secrets list --format='csv[no-heading,separator="~"](name.basename(),labels.app)'
	lookup schemas pubsub gcloud pubsub schemas list --format='csv[no-heading,separator="~"](name.basename())'
	lookup topics pubsub gcloud pubsub topics list --format='csv[no-heading,separator="~"](name.basename(),labels.config)'
	lookup subscriptions pubsub gcloud pubsub subscriptions list --format='csv[no-heading,separator="~"](name.basename(),labels.config)'
	lookup repositories artifactregistry gcloud artifacts repositories list --location="${REGION}" --format='csv[no-heading,separator="~"](name.basename(),labels.config)'
	lookup buckets storage gcloud storage buckets list --filter="name=${BUCKET}" --format='csv[no-heading,separator="~"](name,labels.config)'
	lookup jobs run gcloud run jobs list --region="${REGION}" --format='csv[no-heading,separator="~"](metadata.name,metadata.labels.config,metadata.labels.rules,spec.template.spec.template.spec.containers[0].image,status.conditions[0].status)'
	lookup functions cloudfunctions gcloud functions list --v2 --regions="${REGION}" --format='csv[no-heading,separator="~"](name.basename(),labels.config,eventTrigger.trigger.basename(),labels.trigger,state)'
	lookup triggers eventarc gcloud eventarc triggers list --location="${REGION}" --format='csv[no-heading,separator="~"](name.basename(),transport.pubsub.subscription.basename())'
	lookup schedules cloudscheduler gcloud scheduler jobs list --location="${REGION}" --format='csv[no-heading,separator="~"](name.basename(),description,state)'
	lookup metrics logging gcloud logging metrics list --format='csv[no-heading,separator="~"](name,description)'
	lookup exclusions logging gcloud logging sinks describe _Default --flatten=exclusions --format='csv[no-heading,separator="~"](exclusions.name,exclusions.description)'
	lookup channels monitoring gcloud beta monitoring channels list --filter="userLabels.app=${APP}" --format='csv[no-heading,separator="~"](userLabels.email,userLabels.config,name)'
	lookup alerts monitoring gcloud alpha monitoring policies list --filter="userLabels.app=${APP}" --format='csv[no-heading,separator="~"](userLabels.alert,userLabels.config,name)'
	lookup dashboards monitoring gcloud monitoring dashboards list --format='csv[no-heading,separator="~"](name.basename(),labels.config,etag)'
	lookup dataset bigquery live_dataset
	lookup tables bigquery live_tables
	lookup roles cloudresourcemanager policy project gcloud projects get-iam-policy "${P}"
	list_dataflow
	wait
	load_live
	find_push_subscription
	list_roles
	same_region
	invalidate_failed
}

# One pipeline a dataset: in another region a second one would start beside the first, which nobody would remove.
same_region() {
	local before location adopted
	IFS='~' read -r before location adopted <<<"${IDS["dataset/${BIGQUERY_DATASET}"]:-}"
	[[ -z ${adopted} ]] || ADOPTED=true # or --all would delete what others keep in it
	[[ -z ${location} || ${location,,} == "${BIGQUERY_LOCATION,,}" ]] ||
		usage "The dataset ${BIGQUERY_DATASET} is stored in ${location}, and BIGQUERY_LOCATION is ${BIGQUERY_LOCATION}." "A dataset cannot move: set BIGQUERY_LOCATION=${location}, or another BIGQUERY_DATASET."
	[[ -z ${before} || ${before} == "${REGION}" || ${LIVE["dataset/${BIGQUERY_DATASET}"]} == kept ]] ||
		usage "The pipeline of dataset ${BIGQUERY_DATASET} runs in ${before}, and REGION is ${REGION}." \
			"Set REGION=${before}; or move: docs/deploy.md, \"Move to another region\"."
}

# What could not be brought up has its labels all the same: it is to be done again.
invalidate_failed() {
	local job
	for job in "${FUNCTION}" "${REMOVAL}"; do
		if exists functions "${job}" && is_managed functions "${job}"; then
			[[ ${IDS["functions/${job}"]##*~} != FAILED ]] || LIVE["functions/${job}"]=broken
			has_trigger "${job}" || LIVE["functions/${job}"]=broken
		fi
	done
	for job in "${JOB}" "${RUN_JOB}"; do
		if exists jobs "${job}" && is_managed jobs "${job}"; then
			[[ ${IDS["jobs/${job}"]##*~} != False ]] || LIVE["jobs/${job}"]=failed
		fi
	done
	return 0
}

# has_trigger FUNCTION: whether Eventarc still has its trigger, and Pub/Sub the trigger's subscription: both can be deleted by hand
has_trigger() {
	local trigger=${IDS["functions/$1"]%%~*}
	[[ -n ${trigger} ]] && exists triggers "${trigger}" && exists subscriptions "${LIVE["triggers/${trigger}"]}"
}

enabled() { exists services "$1.googleapis.com"; }

lookup() {
	local kind=$1 api=$2
	shift 2
	enabled "${api}" || return 0
	while (($(jobs -rp | wc -l) >= AT_ONCE)); do wait -n || :; done
	list_live "${kind}" "$@" &
}

# Who may do what with the things that are there: kind `roles`, name RESOURCE|ROLE|MEMBER
list_roles() {
	local resource
	local -A asked=([project]=1)
	while IFS=$'\t' read -r _ _ resource _; do
		[[ -n ${asked[${resource}]:-} ]] && continue
		asked[${resource}]=1
		while (($(jobs -rp | wc -l) >= AT_ONCE)); do wait -n || :; done
		policy_command "${resource}" get
		[[ ${#POLICY[@]} -gt 0 && ${PRESENT} == true ]] && list_live "roles.${resource//[:\/]/_}" policy "${resource}" "${POLICY[@]}" &
	done < <(roles)
	wait
	load_live
}

# policy RESOURCE COMMAND...: a line "RESOURCE|ROLE|MEMBER" a binding, with the title of a condition
policy() {
	local resource=$1 role member condition
	shift
	"$@" --flatten='bindings[].members' --format='csv[no-heading,separator="~"](bindings.role,bindings.members,bindings.condition.title)' >"${WORK}/policy.${resource//[:\/]/_}" 2>"${WORK}/policy.err" || {
		grep -qE 'NOT_FOUND|not found|could not be found|Cannot find|does not exist' "${WORK}/policy.err" && return 0 # what a failed deployment left
		cat "${WORK}/policy.err" >&2
		return 1
	}
	while IFS='~' read -r role member condition; do
		printf '%s|%s|%s%s\n' "${resource}" "${role}" "${member}" "${condition:+|${condition}}"
	done <"${WORK}/policy.${resource//[:\/]/_}"
}

live_dataset() {
	local answer
	if ! answer=$(bq --headless --format=json --project_id="${P}" show "${P}:${BIGQUERY_DATASET}" 2>&1); then
		[[ ${answer} == *'Not found'* ]] && return
		printf '%s\n' "${answer}" >&2
		return 1
	fi
	printf '%s~' "${BIGQUERY_DATASET}"
	python3 infra/deploy/dataset_labels.py read "${WORK}/dataset.labels" <<<"${answer}"
}

live_tables() {
	local answer
	if ! answer=$(bq --headless --format=json --project_id="${P}" ls --max_results=1000 "${P}:${BIGQUERY_DATASET}" 2>&1); then
		[[ ${answer} == *'Not found'* ]] && return
		printf '%s\n' "${answer}" >&2
		return 1
	fi
	[[ -z ${answer} ]] || python3 -c 'import json, sys; [print(t["tableReference"]["tableId"]) for t in json.load(sys.stdin)]' <<<"${answer}"
}
