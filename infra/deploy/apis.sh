#!/usr/bin/env bash
# The machine, the account, the project and its APIs: looked at before anything is made.

readonly APIS=(
	serviceusage cloudresourcemanager iam secretmanager pubsub bigquery run cloudfunctions cloudbuild artifactregistry
	eventarc cloudscheduler logging monitoring storage
)

declare P='' PROJECT_DOMAIN='' NUMBER='' PYTHON_VERSION=''

check_tools() {
	((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) ||
		usage "bash ${BASH_VERSION} is too old: 4.4 or newer is needed." 'On macOS: brew install bash. Or use Cloud Shell: shell.cloud.google.com has everything.'
	local tool
	for tool in gcloud bq python3; do
		command -v "${tool}" >/dev/null ||
			usage "There is no ${tool} on the PATH." 'gcloud and bq come with the Google Cloud SDK: cloud.google.com/sdk/docs/install. Or use Cloud Shell: shell.cloud.google.com has everything.'
	done
	local components
	components=$(gcloud version --format='value(alpha,beta)' 2>/dev/null </dev/null) || components=''
	[[ ${components} =~ [0-9].*[[:space:]].*[0-9] ]] ||
		usage 'gcloud lacks its alpha or beta commands, with which alerts and their channels are made.' 'gcloud components install alpha beta (or Debian: apt-get install google-cloud-cli, which has them).'
	# asks nothing, and gives up: gcloud's own limit is five minutes a request
	export CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CORE_HTTP_TIMEOUT=60 CLOUDSDK_CORE_PROJECT=${GOOGLE_CLOUD_PROJECT}
}

check_project() {
	local answer billing
	step "Project ${P}, region ${REGION}"
	if ! answer=$(gcloud projects describe "${P}" --format='value(projectNumber)' 2>&1 </dev/null); then
		case ${answer} in
			*'gcloud auth login'* | *'do not currently have an active account'* | *reauth* | *Reauth*) fail 'Nobody is logged in to Google Cloud.' 'gcloud auth login' ;;
			*) fail "The project ${P} cannot be seen." "${answer:0:300}" 'Is the id right (gcloud projects list), and may this account see it (gcloud auth list)? gcloud projects create makes one.' ;;
		esac
	fi
	NUMBER=${answer##*$'\n'}
	billing=$(gcloud billing projects describe "${P}" --format='value(billingEnabled)' 2>/dev/null </dev/null) || billing=unknown
	[[ ${billing} != False ]] || fail "The project ${P} has no billing account, without which Google lets nothing run." "Link one: console.cloud.google.com/billing/linkedaccount?project=${P}"
	export GOOGLE_CLOUD_PROJECT REGION BIGQUERY_LOCATION BIGQUERY_DATASET PUBSUB_TOPIC PUBSUB_DEAD_TOPIC ARCHIVE_DAYS \
		MAX_POSTS_PER_DAY MAX_POSTS_PER_MONTH PROJECT_DOMAIN PROJECT_NUMBER=${NUMBER} LABELS KMS_KEY APP PREFIX JOB RUN_JOB FUNCTION REMOVAL STREAM
}

list_apis() {
	list_live services gcloud services list --enabled --format='csv[no-heading](config.name)'
	load_live
}

apis() {
	local api
	local -a wanted=("${APIS[@]}") missing=()
	# gcloud makes budget requests on behalf of the project, so these APIs must be enabled in it
	[[ -z ${BUDGET_DOLLARS} ]] || wanted+=(cloudbilling billingbudgets)
	for api in "${wanted[@]}"; do
		plan_change services "${api}.googleapis.com" || continue
		missing+=("${api}.googleapis.com")
	done
	((${#missing[@]} == 0)) || cloud gcloud services enable "${missing[@]}" >/dev/null
}
