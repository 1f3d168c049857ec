#!/usr/bin/env bash
# Shared by the scripts beside it: finds Python, makes .venv once, installs what is needed, says what it does.
set -Eeuo pipefail
shopt -s inherit_errexit

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Ctrl-C is no failure of pip's; what was installed until then stays.
trap 'printf "\n Stopped, as you asked. Run it again to go on.\n" >&2; exit 130' INT

# help_on_request "$@": the comment at the head of the script, for those that have no parser of their own
help_on_request() {
	[[ ${1:-} == -h || ${1:-} == --help ]] || return 0
	sed -n '2,/^[^#]/ { s/^# \{0,1\}//p; }' "scripts/${0##*/}"
	exit 0
}

# A headline, on stderr: stdout belongs to what the script is asked for.
step() { printf -- '-----> %s\n' "$*" >&2; }

# What happened, why it may have, what to do now; then the end.
fail() {
	printf '\n !     %s\n' "$@" >&2
	exit 2
}

# Finds the first Python that the pinned packages support: 3.11 (the deployed one) to 3.13.
find_python() {
	local candidate
	for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3 python; do
		if [[ -n ${candidate} ]] && command -v "${candidate}" >/dev/null 2>&1 &&
			"${candidate}" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
			printf '%s' "${candidate}"
			return
		fi
	done
	fail 'There is no Python 3.11, 3.12 or 3.13 on the PATH; the pinned packages are made for no other.' \
		'Install one (python.org, apt, brew), or name one: PYTHON=/path/to/python3.11 scripts/run'
}

# install FILE: .venv holds what FILE asks for. Does nothing when FILE, and all that it includes, are as at the last time.
install() {
	local wanted stamp log=.venv/install.log python version said
	wanted=$(cat requirements*.txt constraints.txt ingester/requirements.in functions/*/requirements.in dataflow/requirements.in reports/requirements.txt)
	for stamp in .venv/installed-requirements.txt ".venv/installed-$1"; do # the first holds all that the others do
		if [[ -f ${stamp} ]] && [[ $(<"${stamp}") == "${wanted}" ]]; then
			return
		fi
	done
	if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then # none yet, or one that was interrupted while it was made
		python=$(find_python)
		version=$("${python}" --version)
		step "Making .venv with ${version}"
		said=$("${python}" -m venv --clear .venv 2>&1) || {
			rm -rf .venv
			fail "The virtual environment could not be made: ${said##*$'\n'}" "On Debian and Ubuntu install it first: apt-get install python3-venv"
		}
	fi
	step "Installing the packages of $1 (about a minute, once)"
	if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off -r "$1" >"${log}" 2>&1; then
		tail -n 5 "${log}" >&2
		fail "pip could not install the packages of $1." "Is this machine online? Is the disk full (df -h .)? All that pip said is in ${log}."
	fi
	printf '%s' "${wanted}" >"${stamp}"
}
