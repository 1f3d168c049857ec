#!/usr/bin/env bash
# What the user may set: from the environment, else from .env, else the default. infra/variables.tsv and .env.example say the same.

readonly VARIABLES=(
	GOOGLE_CLOUD_PROJECT=
	APP_NAME=
	REGION=us-central1
	BIGQUERY_LOCATION=
	BIGQUERY_DATASET=twitter
	ADOPT_DATASET=false
	PUBSUB_TOPIC=tweets
	PUBSUB_DEAD_TOPIC=tweets-dead
	X_API_URL=https://api.x.com
	X_BEARER_TOKEN=
	MAX_POSTS_PER_DAY=1000
	MAX_POSTS_PER_MONTH=20000
	EXPAND_AUTHORS=true
	EXPAND_REFERENCED=true
	REFRESH_AFTER=
	REFRESH_SHARE=1
	REFRESH_MAX_PER_DAY=100
	LANGUAGES=
	KEEP_RETWEETS=true
	SENTIMENT=multilingual
	ARCHIVE_DAYS=90
	LABELS=
	KMS_KEY=
	ALERT_EMAIL=
	ALERT_CHANNELS=
	BUDGET_DOLLARS=
	LOADER=function
	DATAFLOW_SUBNETWORK=
	DATAFLOW_PUBLIC_IPS=true
)

declare GOOGLE_CLOUD_PROJECT APP_NAME REGION BIGQUERY_LOCATION BIGQUERY_DATASET ADOPT_DATASET PUBSUB_TOPIC PUBSUB_DEAD_TOPIC X_API_URL X_BEARER_TOKEN
declare REFRESH_AFTER REFRESH_SHARE REFRESH_MAX_PER_DAY MAX_POSTS_PER_DAY MAX_POSTS_PER_MONTH EXPAND_AUTHORS EXPAND_REFERENCED LANGUAGES KEEP_RETWEETS SENTIMENT ARCHIVE_DAYS LABELS KMS_KEY ALERT_EMAIL ALERT_CHANNELS BUDGET_DOLLARS LOADER DATAFLOW_SUBNETWORK DATAFLOW_PUBLIC_IPS

# A value of .env as it is meant: without its quotes, and without a comment after it.
plain_value() {
	local value=$1
	if [[ ${value} =~ ^[[:space:]]*\"([^\"]*)\"[[:space:]]*(#.*)?$ || ${value} =~ ^[[:space:]]*\'([^\']*)\'[[:space:]]*(#.*)?$ ]]; then
		value=${BASH_REMATCH[1]}
	else
		[[ ${value} =~ ^(.*[^[:space:]])?[[:space:]]+#.*$ ]] && value=${BASH_REMATCH[1]}
		[[ ${value} =~ ^[[:space:]]*#.*$ ]] && value=
		value=${value#"${value%%[![:space:]]*}"}
		value=${value%"${value##*[![:space:]]}"}
	fi
	printf '%s' "${value}"
}

read_settings() {
	local entry name value line
	local -A file=()
	if [[ -f .env ]]; then
		while IFS= read -r line || [[ -n ${line} ]]; do
			line=${line%$'\r'}
			[[ ${line} =~ ^[[:space:]]*(#.*)?$ ]] && continue
			[[ ${line} =~ ^[[:space:]]*(export[[:space:]]+)?([A-Z_]+)=(.*)$ ]] ||
				usage ".env has a line that sets nothing: ${line%%=*}" 'Each line is NAME=value, or begins with #.'
			name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
			value=$(plain_value "${value}")
			[[ " ${VARIABLES[*]}" == *" ${name}="* ]] ||
				usage ".env sets ${name}, which deploy.sh does not know." 'Is it mistyped? .env.example has all of them.'
			file[${name}]=${value}
		done <.env
	fi
	for entry in "${VARIABLES[@]}"; do
		name=${entry%%=*}
		value=${!name:-${file[${name}]:-${entry#*=}}}
		declare -g "${name}=${value}"
	done
	BIGQUERY_LOCATION=${BIGQUERY_LOCATION:-${REGION}}
	if [[ -n ${APP_NAME} ]]; then # defaults that another topic in this project has taken
		[[ ${BIGQUERY_DATASET} != twitter ]] || BIGQUERY_DATASET=${APP_NAME}
		[[ ${PUBSUB_TOPIC} != tweets ]] || PUBSUB_TOPIC=${APP_NAME}-tweets
		[[ ${PUBSUB_DEAD_TOPIC} != tweets-dead ]] || PUBSUB_DEAD_TOPIC=${APP_NAME}-tweets-dead
	fi
	export -n X_BEARER_TOKEN # no child of ours needs it in its environment
	check_settings
}

check_settings() {
	local name
	[[ -n ${GOOGLE_CLOUD_PROJECT} || ${NEEDS_PROJECT} == false ]] || usage 'GOOGLE_CLOUD_PROJECT is not set.' \
		'Put it into .env (cp .env.example .env) or the environment: the id of your Google Cloud project, as gcloud projects list shows it.'
	[[ -z ${GOOGLE_CLOUD_PROJECT} || ${GOOGLE_CLOUD_PROJECT} =~ ^[a-z][a-z0-9.:-]{4,60}[a-z0-9]$ ]] ||
		usage "GOOGLE_CLOUD_PROJECT is '${GOOGLE_CLOUD_PROJECT}', which is no project id." 'gcloud projects list shows the ids; the name or number will not do.'
	[[ ${APP_NAME} =~ ^([a-z][a-z0-9]{0,11})?$ && ${APP_NAME} != tds && ${APP_NAME} != goog* ]] || usage "APP_NAME is '${APP_NAME}'." 'It has 1 to 12 small letters and digits, a letter first: climate. Leave it empty for the only topic of a project.'
	[[ ${REGION} =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || usage "REGION is '${REGION}', which does not look like a region." 'Set it to one like us-central1 or europe-west1.'
	[[ ${BIGQUERY_DATASET} =~ ^[A-Za-z0-9_]+$ ]] || usage "BIGQUERY_DATASET is '${BIGQUERY_DATASET}'." 'A dataset has letters, digits and underscores.'
	for name in PUBSUB_TOPIC PUBSUB_DEAD_TOPIC; do
		[[ ${!name} =~ ^[A-Za-z][A-Za-z0-9._~+-]{2,200}$ && ${!name} != goog* ]] ||
			usage "${name} is '${!name}', which is no topic's id." 'Three or more letters, digits and -._~+, a letter first.'
	done
	[[ ${PUBSUB_TOPIC} != *remove-deleted && ${PUBSUB_DEAD_TOPIC} != *remove-deleted ]] || usage 'The topic remove-deleted is taken: it tells when to look for deleted posts.' 'Choose another name.'
	[[ ${PUBSUB_TOPIC} != "${PUBSUB_DEAD_TOPIC}" ]] || usage 'PUBSUB_TOPIC and PUBSUB_DEAD_TOPIC are the same.' 'A dead letter would come back for ever.'
	for name in MAX_POSTS_PER_DAY MAX_POSTS_PER_MONTH REFRESH_MAX_PER_DAY ARCHIVE_DAYS; do
		[[ ${!name} =~ ^[0-9]{1,9}$ ]] || usage "${name} is '${!name}', but it must be a whole number." 'Write digits only.'
	done
	[[ ${REFRESH_AFTER} =~ ^([1-9][0-9]{0,3}[hd](,[1-9][0-9]{0,3}[hd])*)?$ ]] || usage "REFRESH_AFTER is '${REFRESH_AFTER}'." 'Write ages such as 1d,7d or 36h, or leave it empty.'
	[[ ${REFRESH_SHARE} =~ ^(1|1\.0+|0\.[0-9]*[1-9][0-9]*)$ ]] || usage "REFRESH_SHARE is '${REFRESH_SHARE}'." 'It is above 0 and at most 1: 0.1 is a tenth.'
	((10#${ARCHIVE_DAYS} >= 8)) || usage "ARCHIVE_DAYS is ${ARCHIVE_DAYS}." 'Gaps are filled up to 7 days back and counted in the archive: 8 or more.'
	[[ ${BUDGET_DOLLARS} =~ ^[0-9]{0,7}$ ]] || usage "BUDGET_DOLLARS is '${BUDGET_DOLLARS}', and whole dollars a month are meant." 'Digits only, or nothing.'
	for name in ADOPT_DATASET EXPAND_AUTHORS EXPAND_REFERENCED KEEP_RETWEETS DATAFLOW_PUBLIC_IPS; do
		[[ ${!name} == true || ${!name} == false ]] || usage "${name} is '${!name}'." "Set it to true or false."
	done
	[[ ${SENTIMENT} =~ ^(multilingual|english|off)$ ]] || usage "SENTIMENT is '${SENTIMENT}'." 'Set it to multilingual, english or off.'
	[[ ${LOADER} == function || ${LOADER} == dataflow ]] || usage "LOADER is '${LOADER}'." 'Set it to function, or to dataflow for a streaming job.'
	[[ -z ${DATAFLOW_SUBNETWORK} || ${DATAFLOW_SUBNETWORK} =~ ^(https://www\.googleapis\.com/compute/v1/projects/[^/]+/)?regions/[a-z0-9-]+/subnetworks/[a-z0-9-]+$ ]] ||
		usage "DATAFLOW_SUBNETWORK is '${DATAFLOW_SUBNETWORK}'." 'Write regions/us-central1/subnetworks/NAME; for a shared network, its whole address: https://www.googleapis.com/compute/v1/projects/HOST/regions/...'
	python3 -m posts.languages "${LANGUAGES}" || usage 'LANGUAGES is not deployed as it is; the line above says what to write.'
	[[ -z ${ALERT_EMAIL} || ${ALERT_EMAIL} == *?@?*.?* ]] || usage "ALERT_EMAIL is '${ALERT_EMAIL}', which is no address." 'Alerts go there; leave it empty for none.'
	for name in ${LABELS//,/ }; do
		[[ ${name} =~ ^[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}$ && ! ${name} =~ ^(app|config|region|rules|trigger|grants|template)= ]] || usage "LABELS has '${name}'." \
			'Write team=music,cost-center=42: small letters, digits, _ and -. app, config, region, rules, trigger, grants and template are taken.'
	done
	check_key
	for name in ${ALERT_CHANNELS//,/ }; do
		[[ ${name} == *?@?*.?* || ${name} =~ ^projects/[^/]+/notificationChannels/[0-9]+$ ]] || usage "ALERT_CHANNELS has '${name}', which is neither an address nor the id of a channel." \
			'Ids are like projects/P/notificationChannels/123: gcloud beta monitoring channels list. Commas between several.'
	done
	[[ ${X_API_URL} =~ ^https:// || ${X_API_URL} =~ ^http://(127\.0\.0\.1|localhost)(:[0-9]+)?$ ]] || usage "X_API_URL is '${X_API_URL}'." 'The token would travel unencrypted: https://api.x.com.'
	[[ ${X_BEARER_TOKEN} =~ ^[A-Za-z0-9%._~+/=-]*$ ]] || usage 'X_BEARER_TOKEN holds a character that no bearer token has.' \
		"Was more than the token copied, or a quote with it? Copy the App's Bearer Token from X's developer console once more."
}

# A key encrypts only what is stored where it is: one region for all, so the dataset may not be in another.
check_key() {
	[[ -n ${KMS_KEY} ]] || return 0
	[[ ${KMS_KEY} =~ ^projects/[^/]+/locations/([^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+$ ]] || usage "KMS_KEY is '${KMS_KEY}', which is not the name of a key." \
		'It is like projects/P/locations/us-central1/keyRings/R/cryptoKeys/K, without a version: gcloud kms keys list shows it.'
	[[ ${BASH_REMATCH[1]} == "${REGION}" && ${BIGQUERY_LOCATION} == "${REGION}" ]] || usage "KMS_KEY is in ${BASH_REMATCH[1]}, REGION is ${REGION} and BIGQUERY_LOCATION is ${BIGQUERY_LOCATION}." \
		'Google lets a key encrypt only what is stored in its own location: choose one region for all three.'
}

# Names that follow from them. Service accounts: one a part, which parts and infra/roles.tsv call tds-PART (own_name). With APP_NAME every
# name begins with it, so that several topics stand side by side in a project; without, they are those of earlier versions.
name_things() {
	local own=${APP_NAME:+${APP_NAME}-}
	P=${GOOGLE_CLOUD_PROJECT}
	readonly APP=${APP_NAME:-twitter-data-stream} PREFIX=${APP_NAME:-tds}
	readonly ACCOUNTS=(tds-ingester tds-load-tweet tds-remove-deleted tds-push tds-scheduler tds-build)
	readonly SECRET=${own}x-bearer-token SCHEMA=${own}tweet JOB=${own}ingester RUN_JOB=${own}ingester-run FUNCTION=${own}load-tweet REPOSITORY=${APP} TICK=${own}ingester-tick
	readonly ARCHIVE_SUBSCRIPTION="${PUBSUB_TOPIC}-archive" DEAD_SUBSCRIPTION="${PUBSUB_DEAD_TOPIC}-rejected"
	readonly REGISTRY="${REGION}-docker.pkg.dev/${P//://}/${REPOSITORY}"
	readonly MORE_LABELS=${LABELS:+,${LABELS}}
	readonly EXCLUSION=${FUNCTION}-requests
	readonly BUCKET="${P//[:.]/-}-${PREFIX}-source" # bucket names are global, and so are project ids
	PROJECT_DOMAIN=${P}                      # as in service account addresses: example.com:project becomes project.example.com
	[[ ${P} != *:* ]] || PROJECT_DOMAIN=${P#*:}.${P%%:*}
	readonly REMOVAL=${own}remove-deleted REMOVAL_TOPIC=${own}remove-deleted REMOVAL_TICK=${own}remove-deleted-tick
	readonly WORKER=tds-dataflow WORKER_BUCKET="${P//[:.]/-}-${PREFIX}-dataflow" WORKER_SUBSCRIPTION="${PUBSUB_TOPIC}-dataflow" STREAM=${PREFIX}-stream
	PYTHON_VERSION=$(<infra/python-version)
}

# own_name tds-PART: what the account of a part is called here
own_name() { printf '%s' "${PREFIX}-${1#tds-}"; }

account() { printf '%s@%s.iam.gserviceaccount.com' "$(own_name "$1")" "${PROJECT_DOMAIN}"; }
