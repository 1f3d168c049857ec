#!/usr/bin/env bash
# What every part of deploy.sh uses: messages, what is there already, and the one way in which something is made or changed.
#
#   list_live    reads what is there, one list a kind      LIVE[kind/name]=fingerprint
#   plan_change  compares with what is wanted              VERB=create | update, or there is nothing to do
#   cloud        runs gcloud or bq, patiently, and explains what fails
#
# A fingerprint is a hash of the flags (and files) that something was made with. It is kept with the thing itself, as the
# label `config`, or in its description where Google has no labels: so no state file can be lost, or lie.

readonly PATIENCE_SECONDS=${DEPLOY_PATIENCE_SECONDS:-420} # a new account is unknown to parts of Google for a minute, a new role for up to seven

declare -A LIVE=() IDS=()
declare VERB='' PLANNING=false AGAIN=false WORK=''

# A headline, on stderr: stdout belongs to what the command is asked for.
step() { printf -- '-----> %s\n' "$*" >&2; }

info() { printf '       %s\n' "$*" >&2; }

warn() { printf ' !     %s\n' "$@" >&2; }

# What happened, why it may have, what to do now; then the end.
fail() {
	printf '\n' >&2
	printf ' !     %s\n' "$@" >&2
	exit 1
}

# The same for what the user typed or set.
usage() {
	printf '\n' >&2
	printf ' !     %s\n' "$@" >&2
	exit 2
}

hash_of() { # stdin -> 16 hexadecimal digits, which a label can hold
	if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-16
}

# files_hash FOLDER|FILE...: of the contents and names of all that is uploaded
files_hash() {
	find "$@" -type f -not -path '*/__pycache__/*' -not -name '*.pyc' -print0 | LC_ALL=C sort -z | while IFS= read -r -d '' file; do
		printf '%s\n' "${file}"
		cat -- "${file}"
	done | hash_of
}

version() { sed -n 's/^version = "\(.*\)".*/\1/p' pyproject.toml; }

# stage DEPLOYABLE: copies what is uploaded of a deployable, its folder and the packages that it shares with others, and prints where to.
# A function's own files stand at the root, where Google looks for main.py; images have each package as a folder.
stage() {
	local copy="${WORK}/upload/$1" package
	local -a packages=(posts runtime)
	[[ $1 == ingester || $1 == functions/remove_deleted ]] || packages+=(warehouse)
	rm -rf "${copy}"
	mkdir -p "${copy}"
	case $1 in
		functions/*) cp -R "$1/." "${copy}" ;;
		*)
			packages+=("$1")
			cp "$1/Dockerfile" "${copy}"
			;;
	esac
	for package in "${packages[@]}"; do cp -R "${package}" "${copy}/${package}"; done
	if [[ $1 == dataflow ]]; then # which filters by the function's file
		mkdir -p "${copy}/functions/load_tweet"
		cp functions/load_tweet/keywords.txt "${copy}/functions/load_tweet"
	fi
	find "${copy}" -name __pycache__ -type d -prune -exec rm -rf {} +
	version >"${copy}/VERSION"
	printf '%s' "${copy}"
}

# fingerprint SETTING...: with the LABELS that everything carries. `digest` is the same without them: for names, and for what is too dear to be made
# anew because of a label.
fingerprint() { digest "$@" ${LABELS:+"labels ${LABELS}"}; }

digest() { printf '%s\n' "$@" | hash_of; }

# label: how the fingerprint is given to a command that creates, or updates
label() {
	if [[ ${VERB} == create ]]; then
		printf -- '--labels=app=%s,config=%s%s' "${APP}" "$1" "${MORE_LABELS}"
	else
		printf -- '--update-labels=config=%s%s' "$1" "${MORE_LABELS}"
	fi
}

# list_live KIND COMMAND...: each line of the command's output is "name~fingerprint~id"
list_live() {
	local kind=$1
	shift
	if ! "$@" >"${WORK}/live.${kind}" 2>"${WORK}/live.${kind}.err" </dev/null; then
		printf '%s\n' "What is there of ${kind} could not be read." >"${WORK}/live.${kind}.failed"
		cat "${WORK}/live.${kind}.err" >>"${WORK}/live.${kind}.failed"
	fi
}

# After all the `list_live`s that ran side by side.
load_live() {
	local file kind name value id
	for file in "${WORK}"/live.*.failed; do
		[[ -e ${file} ]] || continue
		explain "${file}"
	done
	for file in "${WORK}"/live.*; do
		[[ -e ${file} && ${file} != *.err ]] || continue
		kind=${file##*/live.}
		while IFS='~' read -r name value id; do
			[[ -n ${name} ]] || continue
			value=${value//\"/} # gcloud puts a text into quotes when it thinks that a table would need it
			LIVE["${kind%%.*}/${name}"]=${value##*config=}
			# shellcheck disable=SC2034 # read by the parts
			IDS["${kind%%.*}/${name}"]=${id}
		done <"${file}"
	done
}

exists() { [[ -n ${LIVE["$1/$2"]+there} ]]; }

# plan_change KIND NAME [FINGERPRINT]: whether something is to be done now, and as what VERB
plan_change() {
	local kind=$1 name=$2 wanted=${3:-}
	if ! exists "${kind}" "${name}"; then
		VERB=create
		record_change '+' "${kind}" "${name}"
	elif [[ -n ${wanted} ]] && { [[ ${LIVE["${kind}/${name}"]} != "${wanted}" ]] || [[ ${AGAIN} == true ]]; }; then
		VERB=update
		record_change '~' "${kind}" "${name}"
	else
		VERB=leave
		record_change '=' "${kind}" "${name}"
		return 1
	fi
	[[ ${VERB} == create ]] || refuse_unmanaged "${kind}" "${name}"
	[[ ${PLANNING} == false ]]
}

# is_managed KIND NAME: whether deploy.sh made it; what carries labels carries ours
is_managed() {
	case $1/$2 in
		subscriptions/eventarc-*) return 0 ;; # made by Eventarc, for us
		topics/* | subscriptions/* | repositories/* | buckets/* | jobs/* | functions/* | dataset/*) [[ -n ${LIVE["$1/$2"]} ]] ;;
		secrets/*) [[ ${LIVE["$1/$2"]} == "${APP}" ]] ;;
		*) return 0 ;;
	esac
}

refuse_unmanaged() {
	is_managed "$1" "$2" || fail "There is already a thing called $2 ($1) in ${GOOGLE_CLOUD_PROJECT} that deploy.sh did not make, and it is left alone." \
		'Use a project of its own, or another name where .env has one (PUBSUB_TOPIC, PUBSUB_DEAD_TOPIC, BIGQUERY_DATASET, REGION). ADOPT_DATASET=true adds our tables to a dataset of yours.'
}

# record_change SIGN KIND NAME: shown, and counted at the end
record_change() {
	printf '%s %s %s\n' "$1" "$2" "$3" >>"${WORK}/report"
	if [[ $1 != '=' ]]; then
		printf '     %s %s %s\n' "$1" "${2//_/ }" "$3" >&2
	fi
}

count() { grep -c "^$1 " "${WORK}/report" 2>/dev/null || true; }

declare STDIN='' # what the next `cloud` gives its command on standard input

# cloud COMMAND...: stdout is the command's. What is only not known yet is asked again; all else ends with an explanation.
cloud() {
	local began=${SECONDS} said
	said=$(mktemp "${WORK}/said.XXXXXX")
	until printf '%s' "${STDIN}" | "$@" >"${said}.out" 2>"${said}"; do
		cat "${said}.out" >>"${said}" # bq tells its errors on stdout
		if { grep -qE "${NOT_YET}" "${said}" || { [[ ${ALLOWED_LATE} == true ]] && grep -qE "${NOT_ALLOWED_YET}" "${said}"; }; } &&
			((SECONDS - began < PATIENCE_SECONDS)); then
			info "Google does not know of something new yet; asked again: $1 $2 $3 …"
			sleep 5 &
			wait $!
			continue
		fi
		{
			printf 'This failed: %s\n' "$(shown "$@")"
			cat "${said}"
			build_log "${said}"
		} >"${said}.why"
		explain "${said}.why"
	done
	cat "${said}.out"
	rm -f "${said}" "${said}.out"
}

# What a just created account, a just enabled API or a just given role makes Google say for a while; roles take up to seven minutes.
readonly NOT_YET='does not exist\.?$|Service account .* does not exist|has not been used in project|SERVICE_DISABLED|is not (yet )?ready|was not found or|try again in a few|Permission .*actAs.*denied|concurrent policy changes|not found: (user|serviceAccount)|User .* is not found|take a few minutes|propagat|operation .*in progress|unable to queue the operation|ABORTED'
# The same where something is made by one of our own accounts, or by Google's for us: the caller is somebody who has just been allowed.
readonly NOT_ALLOWED_YET='missing permission on the build service account|Permission .*artifactregistry.*denied|artifactregistry\.[a-zA-Z.]+.* denied|The caller does not have permission|storage\.objects\.get|You must grant|must have permission to read the image|missing permissions required'
declare ALLOWED_LATE=false

shown() { printf '%q ' "$@" | cut -c 1-400; }

# build_log FILE: prints the end of the log of the build that the output in FILE names, if any; gcloud itself says only that a step failed
build_log() {
	local id
	id=$(grep -oE 'builds[/;][^ ?]*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}' "$1" | tail -n 1 | grep -oE '[0-9a-f-]{36}$') || return 0
	printf 'The end of the log of build %s:\n' "${id}"
	gcloud logging read "resource.type=\"build\" AND resource.labels.build_id=\"${id}\"" --order=desc --limit=8 --format='value(textPayload)' </dev/null 2>&1 | sed -n '1!G; h; $p'
}

# says FILE PATTERN: whether Google said so; the first line is the command, which holds names and hashes of all kinds
says() { tail -n +2 "$1" | grep -qE "$2"; }

# explain FILE: the end, with what Google said and what it asks for
explain() {
	local advice='If it is not clear what to do, look for the message in docs/deploy.md.'
	if says "$1" 'cannot run builds in this region'; then
		advice='Google builds for this project in six regions only: us-central1, us-west2, europe-west1, asia-east1, australia-southeast1, southamerica-east1 (cloud.google.com/build/docs/locations). Set REGION to one of them; docs/deploy.md, "Move to another region", if something is there already.'
	elif says "$1" 'PERMISSION_DENIED|does not have .*permission|[Pp]ermission .*denied|Access Denied|HTTP(Error)? 403|(status|code)=\[?403|"code": 403'; then
		advice='This account may not do that. Ask for the role Owner on the project, or for those of docs/deploy.md ("Who deploys").'
	elif says "$1" 'BILLING_|[Bb]illing (account|must be|is (not|disabled)|to be enabled)'; then
		advice='The project has no billing account: console.cloud.google.com/billing/linkedaccount.'
	elif says "$1" '[Rr]eauth|gcloud auth login|invalid_grant|refreshing .*(token|credentials)|UNAUTHENTICATED'; then
		advice='Log in again: gcloud auth login.'
	elif says "$1" 'timed out|Could not reach|Unable to find the server|Connection (refused|reset|aborted)|new connection|Network is unreachable'; then
		advice='Google was not reached. Are you online?'
	elif says "$1" 'QUOTA|[Qq]uota exceeded|RESOURCE_EXHAUSTED'; then
		advice='A quota of the project is used up: console.cloud.google.com/iam-admin/quotas.'
	fi
	mapfile -t lines < <(tail -n 16 "$1")
	fail "${lines[@]}" '' "${advice}" 'Nothing is half done that the next run would not go on with: run the same command again.'
}

# retry_until_propagated COMMAND...: `cloud`, for what is done by an account that has been given its role just now
retry_until_propagated() {
	ALLOWED_LATE=true
	cloud "$@"
	ALLOWED_LATE=false
}

# What runs in the background does not hear of Ctrl-C by itself.
end_children() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086 # several
	[[ -z ${pids} ]] || kill ${pids} 2>/dev/null || true
	wait || true
}

# in_parallel STEP...: side by side, each one's words in one piece; the first that fails ends it all
in_parallel() {
	local one failed=0
	local -a pids=() names=("$@")
	for one in "$@"; do
		("${one}") 2>"${WORK}/${one}.words" &
		pids+=("$!")
	done
	for one in "${!pids[@]}"; do
		wait "${pids[one]}" || failed=1
		cat "${WORK}/${names[one]}.words" >&2
	done
	((failed == 0)) || exit 1
}
