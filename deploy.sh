#!/usr/bin/env bash
# The whole pipeline in your Google Cloud project. ./deploy.sh help says what it can do; docs/deploy.md what it makes, and why.
#
# It is an upsert: each resource carries a fingerprint of its settings. Unchanged resources are skipped, changed ones are updated, and
# nothing is dropped, so it is safe to interrupt and to run again.
# shellcheck disable=SC2310 # `there`, `decide` and the like are made for conditions; what may fail ends the script by itself
# shellcheck disable=SC2312 # what stands in an argument only puts texts together
# macOS has bash 3.2 of 2007: find a newer one, before anything that it does not know.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
	for newer in /opt/homebrew/bin/bash /usr/local/bin/bash /opt/local/bin/bash /home/linuxbrew/.linuxbrew/bin/bash; do
		if [[ -x ${newer} ]] && "${newer}" -c '((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404))'; then
			exec "${newer}" "$0" "$@"
		fi
	done
	printf ' !     deploy.sh needs bash 4.4 or newer, and this is bash %s.\n' "${BASH_VERSION}" >&2
	printf ' !     Install one (brew install bash) and run it again, or run it in Cloud Shell (shell.cloud.google.com).\n' >&2
	exit 2
fi

set -Eeuo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")"

source infra/deploy/lib.sh
source infra/deploy/settings.sh
source infra/deploy/apis.sh
source infra/deploy/inventory.sh
source infra/deploy/access.sh
source infra/deploy/pubsub.sh
source infra/deploy/bigquery.sh
source infra/deploy/ingester.sh
source infra/deploy/function.sh
source infra/deploy/dataflow.sh
source infra/deploy/monitoring.sh
source infra/deploy/lifecycle.sh
source infra/deploy/doctor.sh
source infra/deploy/destroy.sh

help() {
	cat <<'HELP'
./deploy.sh up [part]     make or change everything [--json]; parts: access pubsub bigquery ingester rules function watch
                      and, optionally, dataflow (imports in the cloud; LOADER=dataflow streams with it)
            plan          show what `up` would make and change; writes nothing (also: up --dry-run) [--json]
            estimate      dollars a month, for X and Google [--posts-per-day N] [--json]
            doctor        check everything, and send one message through [--no-canary] [--json]
            pause         stop the ingester, and the spending
            resume        start it again
            run COMMAND   run a command of the ingester in the cloud: run search --from 2026-11-20T00:00 --yes
            destroy       remove what `up` made; keeps the data and the secret unless you pass --all

  --yes      do not ask for confirmation
  --again    apply everything again, whatever the fingerprints say (repairs manual changes)
  --json     the result as one JSON object on stdout; readable text still goes to stderr

Settings come from the environment or .env (cp .env.example .env). Exit codes: 0 done; 1 something failed, and the next run goes
on from there (plan: something would change; doctor: something is wrong); 2 a setting, an argument or a tool is missing.
HELP
}

up() {
	declare -g PART=${1:-all}
	local part=${PART}
	confirm_costs
	apis
	case ${part} in
		all)
			service_accounts
			in_parallel secret topics repository
			dataset
			if [[ ${LOADER} == dataflow ]]; then
				in_parallel subscriptions remove_deleted
				dataflow
			else
				in_parallel subscriptions load_tweet remove_deleted
				end_stream
			fi
			ingester
			apply_rules
			tick
			start_ingester # nothing that only watches may keep the stream from being held
			in_parallel metrics exclusion
			in_parallel alerts dashboard
			google_budget
			;;
		access) service_accounts; dataset; in_parallel secret topics repository ;;
		pubsub) in_parallel topics subscriptions ;;
		bigquery) dataset ;;
		ingester) repository; ingester; apply_rules; tick; start_ingester ;;
		rules) ingester; apply_rules; start_ingester ;;
		function)
			repository
			if [[ ${LOADER} == dataflow ]]; then
				warn "The function ${FUNCTION} is not deployed: with LOADER=dataflow a streaming job loads, and each post would be loaded twice."
				remove_deleted
			else
				in_parallel load_tweet remove_deleted
			fi
			;;
		dataflow) dataflow ;;
		watch) metrics; exclusion; alerts; dashboard; google_budget ;;
		*) fail "There is no part '${part}'." ;;
	esac
	print_summary
}

# Say so if the example's rule or words would be deployed: the first bill would be for somebody else's topic.
warn_about_example() {
	local keywords=functions/load_tweet/keywords
	if grep -qs '^# THIS IS AN EXAMPLE' ingester/rules.yaml; then
		warn "ingester/rules.yaml says that it is the example, one artist's music, and X would bill it to you. Write your own rule, and remove the line."
	elif cmp -s "${keywords}.txt" "${keywords}.music.txt"; then
		warn "${keywords}.txt has the example's music words: a post of your rules without one of them is paid for and dropped. Empty the file to keep everything, or write your own words."
	fi
}

# Say what it may cost at the worst, before anything is made.
confirm_costs() {
	local x google post
	local -a without=()
	warn_about_example
	[[ ${PLANNING} == false ]] || return 0
	[[ ${EXPAND_AUTHORS} == true ]] || without+=(--no-authors)
	[[ ${EXPAND_REFERENCED} == true ]] || without+=(--no-referenced)
	read -r x google post < <(python3 infra/deploy/estimate.py --posts-per-day 0 --worst --loader "${LOADER}" "${without[@]}" --per-day "$((10#${MAX_POSTS_PER_DAY}))" --per-month "$((10#${MAX_POSTS_PER_MONTH}))")
	if [[ ${x} == unlimited ]]; then
		warn "X may bill without limit: MAX_POSTS_PER_DAY and MAX_POSTS_PER_MONTH are both 0."
	else
		info "At the worst X bills \$${x} a month: then the money guard stops the stream (MAX_POSTS_PER_DAY=${MAX_POSTS_PER_DAY}, MAX_POSTS_PER_MONTH=${MAX_POSTS_PER_MONTH})."
		info "What X has sent by then comes on top: one or two posts as a rule, 250 (\$7.50) at the most (docs/costs.md)."
	fi
	info "A post costs \$0.005, or up to \$${post} with its author and what it refers to (EXPAND_AUTHORS, EXPAND_REFERENCED; docs/costs.md)."
	[[ -z ${REFRESH_AFTER} ]] || info "Posts are read again at the ages ${REFRESH_AFTER}, within these limits and at most $((10#${REFRESH_MAX_PER_DAY})) a day (0: no limit), at \$0.005 each."
	info "Google bills about \$${google} a month to hold the stream, and cents per thousand posts. ./deploy.sh estimate has the details."
	if [[ -z ${X_BEARER_TOKEN} && -t 0 ]] && ! exists secrets "${SECRET}"; then
		read -rsp "       X's bearer token (not shown; empty: later): " X_BEARER_TOKEN
		printf '\n' >&2
		check_settings
	fi
	confirm 'Go on?'
}

confirm() {
	local answer
	[[ ${YES} == false ]] || return 0
	[[ -t 0 ]] || usage 'This asks before it does anything, and there is no one to ask.' 'Add --yes.'
	read -rp "       $1 [y/N] " answer
	[[ ${answer} == [yY]* ]] || { info 'Nothing was done.'; exit 0; }
}

print_summary() {
	local made changed left
	made=$(count '+') changed=$(count '~') left=$(count '=')
	[[ ${JSON} == false ]] || python3 infra/deploy/as_json.py plan "${WORK}/report"
	if [[ ${PLANNING} == true ]]; then
		step "${made} to make, ${changed} to change, ${left} unchanged. Nothing was written."
		((made + changed == 0)) || exit 1
		return 0
	fi
	if ((made + changed == 0)); then
		step "Nothing to do: all ${left} resources are unchanged."
	else
		step "Done: ${made} made, ${changed} changed, ${left} unchanged."
	fi
	where_to_look
}

where_to_look() {
	local console=https://console.cloud.google.com
	info "Posts       ${console}/bigquery?project=${P}&ws=!1m5!1m4!4m3!1s${P}!2s${BIGQUERY_DATASET}!3stweets"
	info "Is it well? ${console}/monitoring/dashboards/builder/${APP}?project=${P}    or ./deploy.sh doctor"
	info "Ingester    ${console}/run/jobs/details/${REGION}/${JOB}/executions?project=${P}"
	info "A report    https://lookerstudio.google.com/reporting/create?ds.ds0.connector=bigQuery&ds.ds0.type=TABLE&ds.ds0.projectId=${P}&ds.ds0.datasetId=${BIGQUERY_DATASET}&ds.ds0.tableId=posts"
	info "Stop paying ./deploy.sh pause, or ./deploy.sh destroy"
}

estimate() {
	local -a arguments=("$@")
	[[ ${EXPAND_AUTHORS} == true ]] || arguments+=(--no-authors)
	[[ ${EXPAND_REFERENCED} == true ]] || arguments+=(--no-referenced)
	if [[ " $* " != *' --posts-per-day'* ]]; then
		arguments+=(--posts-per-day "$(posts_per_day)")
	fi
	[[ -z ${REFRESH_AFTER} ]] || arguments+=(--refresh-after "${REFRESH_AFTER}" --refresh-share "${REFRESH_SHARE}" --refresh-max "$((10#${REFRESH_MAX_PER_DAY}))")
	exec python3 infra/deploy/estimate.py "${arguments[@]}" --loader "${LOADER}" --per-day "$((10#${MAX_POSTS_PER_DAY}))" --per-month "$((10#${MAX_POSTS_PER_MONTH}))"
}

# By X's own counts of the last seven days, half a cent a request: the ingester asks for them.
posts_per_day() {
	local counted
	[[ -n ${X_BEARER_TOKEN} ]] || usage 'Without X_BEARER_TOKEN X cannot be asked how many posts the rules match.' 'Set it, or say how many: ./deploy.sh estimate --posts-per-day 1000'
	counted=$(X_BEARER_TOKEN=${X_BEARER_TOKEN} X_API_URL=${X_API_URL} GOOGLE_CLOUD_PROJECT=${GOOGLE_CLOUD_PROJECT:-none} \
		scripts/ingester rules plan --price --json || (($? == 1))) || fail 'X did not say how many posts the rules match.' 'Its words are above. Or say how many: --posts-per-day N'
	python3 -c 'import json, sys; print(json.load(sys.stdin)["posts_a_day"])' <<<"${counted}"
}

main() {
	local command=${1:-help} argument
	local -a rest=()
	declare -g YES=false ALL=false CANARY=true NEEDS_PROJECT=true JSON=false
	(($# == 0)) || shift
	if [[ ${command} == run || ${command} == estimate ]]; then # the rest is another program's
		rest=("$@")
		set --
	fi
	for argument in "$@"; do
		case "${command} ${argument}" in
			*' --yes' | *' -y') YES=true ;;
			'up --dry-run' | 'plan --dry-run') PLANNING=true ;;
			'up --again' | 'plan --again') AGAIN=true ;;
			'destroy --all') ALL=true ;;
			'doctor --no-canary') CANARY=false ;;
			'doctor --json' | 'plan --json' | 'up --json') JSON=true ;;
			*' -h' | *' --help') command=help ;;
			*' -'*) usage "./deploy.sh ${command} has no option ${argument}." './deploy.sh help' ;;
			*) rest+=("${argument}") ;;
		esac
	done
	if [[ ${command} == up || ${command} == plan ]] && [[ " all access pubsub bigquery ingester rules function watch dataflow " != *" ${rest[0]:-all} "* ]]; then
		usage "There is no part '${rest[0]}'." 'access pubsub bigquery ingester rules function watch dataflow, or nothing for all but dataflow.'
	fi
	if [[ ${command} =~ ^(doctor|pause|resume|destroy)$ && ${#rest[@]} -gt 0 ]]; then
		usage "./deploy.sh ${command} takes no '${rest[0]}'." './deploy.sh help'
	fi
	if [[ ${command} == run && ${#rest[@]} -eq 0 ]]; then
		usage 'Which command of the ingester?' './deploy.sh run search --from 2026-11-20T00:00 --yes, or archive, rejected, rules plan (docs/reference/commands.md).'
	fi
	case ${command} in
		help | -h | --help) help; return ;;
		--version) version; return ;;
		up | plan | estimate | doctor | pause | resume | run | destroy) ;;
		*) usage "There is no command '${command}'." './deploy.sh help' ;;
	esac
	[[ ${command} != estimate ]] || NEEDS_PROJECT=false # prices are the same in all of them
	read_settings
	if [[ ${command} == estimate ]]; then estimate "${rest[@]}"; fi
	name_things
	check_tools
	WORK=$(mktemp -d)
	trap 'rm -rf "${WORK}"' EXIT
	trap 'cancel_what_runs_in_the_cloud; end_children; exit 130' INT
	trap 'cancel_what_runs_in_the_cloud; end_children; exit 143' TERM
	check_project
	list_apis
	list_everything
	case ${command} in
		up) up "${rest[@]}" ;;
		plan) PLANNING=true && up "${rest[@]}" ;;
		doctor) doctor ;;
		pause) pause ;;
		resume) resume ;;
		run) run_command "${rest[@]}" ;;
		*) destroy ;;
	esac
}

main "$@"
