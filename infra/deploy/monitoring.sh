#!/usr/bin/env bash
# Cloud Monitoring: metrics from the log lines of our parts, a few alerts that each deserve a person, a dashboard. All of it is
# data in infra/monitoring; ${NAMES} in it are filled in.

metrics() {
	local file name config
	for file in infra/monitoring/metrics/*.json; do
		name=${PREFIX}_$(basename "${file}" .json)
		config=$(filled "${file}" | hash_of)
		plan_change metrics "${name}" "${config}" || continue
		filled "${file}" "description+= config=${config}" >"${WORK}/${name}.json"
		cloud gcloud logging metrics "${VERB}" "${name}" --config-from-file="${WORK}/${name}.json"
	done
}

# Requests of the function are a line each for Cloud Logging, at 100 posts a second $97 a month. What fails stays.
exclusion() {
	local filter="resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${FUNCTION}\" AND logName:\"run.googleapis.com%2Frequests\" AND httpRequest.status<400"
	local config flag
	config=$(fingerprint "${filter}")
	plan_change exclusions "${EXCLUSION}" "${config}" || return 0
	flag=--add-exclusion
	[[ ${VERB} == create ]] || flag=--update-exclusion
	cloud gcloud logging sinks update _Default "${flag}=name=${EXCLUSION},description=${APP} config=${config},filter=${filter}" >/dev/null
}

# channels: makes those for mail addresses, and sets CHANNELS to all that an alert tells, with commas between them. Others (Slack, PagerDuty, a webhook,
# SMS) hold secrets or a login, so they are made in the console and named by their ids.
channels() {
	local one config
	CHANNELS=''
	for one in ${ALERT_EMAIL} ${ALERT_CHANNELS//,/ }; do
		if [[ ${one} != projects/* ]]; then
			config=$(digest "${one}")
			if plan_change channels "${config}"; then # its address is its name
				cloud gcloud beta monitoring channels create --type=email --display-name="${APP}: ${one}" \
					--channel-labels="email_address=${one}" --user-labels="app=${APP},email=${config}" --format='value(name)' >"${WORK}/channel"
				IDS["channels/${config}"]=$(<"${WORK}/channel")
			fi
			one=${IDS["channels/${config}"]:-}
		fi
		CHANNELS+=${one:+${CHANNELS:+,}${one}}
	done
}

declare CHANNELS=''

alerts() {
	local file name config channel
	channels
	channel=${CHANNELS}
	for file in infra/monitoring/alerts/*.json; do
		name=$(basename "${file}" .json)
		config=$({ filled "${file}"; printf '%s' "${channel}"; } | hash_of)
		plan_change alerts "${name}" "${config}" || continue
		filled "${file}" "userLabels.app=${APP}" "userLabels.alert=${name}" "userLabels.config=${config}" >"${WORK}/${name}.json"
		if [[ ${VERB} == create ]]; then
			cloud gcloud alpha monitoring policies create --policy-from-file="${WORK}/${name}.json" ${channel:+--notification-channels="${channel}"} >/dev/null
		else
			cloud gcloud alpha monitoring policies update "${IDS["alerts/${name}"]}" --policy-from-file="${WORK}/${name}.json" ${channel:+--set-notification-channels="${channel}"} >/dev/null
		fi
	done
}

dashboard() {
	local config
	config=$(filled infra/monitoring/dashboard.json | hash_of)
	plan_change dashboards "${APP}" "${config}" || return 0
	filled infra/monitoring/dashboard.json "name=projects/${NUMBER}/dashboards/${APP}" "labels.app=${APP}" "labels.config=${config}" \
		${IDS["dashboards/${APP}"]:+"etag=${IDS["dashboards/${APP}"]}"} >"${WORK}/dashboard.json"
	if [[ ${VERB} == create ]]; then
		cloud gcloud monitoring dashboards create --config-from-file="${WORK}/dashboard.json" >/dev/null
	else
		cloud gcloud monitoring dashboards update "projects/${NUMBER}/dashboards/${APP}" --config-from-file="${WORK}/dashboard.json" >/dev/null
	fi
}

# filled FILE [FIELD=VALUE...]: JSON with its ${NAMES} filled in and these fields set; += adds to a text
filled() { python3 infra/deploy/filled.py "$@"; }

# Google's own alert on its part of the bill, where BUDGET_DOLLARS asks for one. It alerts and stops nothing; X's part is the money guard's.
google_budget() {
	[[ -n ${BUDGET_DOLLARS} ]] || return 0
	(budget) || warn 'The budget alert was not made; Google'"'"'s words are above. It needs the role Billing Account Costs Manager on the billing account,' \
		'which an Owner of the project need not have. Leave BUDGET_DOLLARS empty, or make the budget in the console.'
}

# list_budget: reads ours into LIVE; BILLING_ACCOUNT is the project's
list_budget() {
	local name="${APP} ${P}" live display units id
	BILLING_ACCOUNT=$(gcloud billing projects describe "${P}" --format='value(billingAccountName.basename())' </dev/null) || return 1
	live=$(gcloud billing budgets list --billing-account="${BILLING_ACCOUNT}" --format='value(displayName,amount.specifiedAmount.units,name)' </dev/null) || return 1
	while IFS=$'\t' read -r display units id; do
		[[ ${display} != "${name}" ]] || LIVE["budgets/${name}"]=${units} IDS["budgets/${name}"]=${id}
	done <<<"${live}"
}

declare BILLING_ACCOUNT=''

# delete_budget: for destroy. Where BUDGET_DOLLARS was never set, its API is not enabled.
delete_budget() {
	local name="${APP} ${P}"
	enabled billingbudgets || return 0
	if ! list_budget; then
		warn 'Whether there is a budget alert could not be looked for; Google'"'"'s words are above. If there is one, delete it: console.cloud.google.com/billing/budgets'
		return 0
	fi
	delete budgets "${name}" gcloud billing budgets delete "${IDS["budgets/${name}"]:-}"
}

budget() {
	local account name="${APP} ${P}"
	list_budget || exit 1
	account=${BILLING_ACCOUNT}
	plan_change budgets "${name}" "${BUDGET_DOLLARS}" || return 0
	local -a flags=(--display-name="${name}" --budget-amount="${BUDGET_DOLLARS}")
	if [[ ${VERB} == create ]]; then
		cloud gcloud billing budgets create --billing-account="${account}" "${flags[@]}" --filter-projects="projects/${P}" \
			--threshold-rule=percent=0.5 --threshold-rule=percent=0.9 --threshold-rule=percent=1.0,basis=forecasted-spend >/dev/null
	else
		cloud gcloud billing budgets update "${IDS["budgets/${name}"]}" "${flags[@]}" >/dev/null
	fi
}
