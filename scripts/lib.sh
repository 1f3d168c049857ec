# shellcheck shell=sh
# Shared by the scripts beside it, which source it from the project's folder: finds Python, makes .venv once, installs what is needed, says
# what it does. POSIX sh, because macOS has bash 3.2 of 2007 and small Linux images have no bash at all.
set -eu

# Ctrl-C is no failure of pip's; what was installed until then stays.
trap 'printf "\n Stopped, as you asked. Run it again to go on.\n" >&2; exit 130' INT

# help_on_request "$@": the comment at the head of the script, for those that have no parser of their own
help_on_request() {
	case ${1:-} in
		-h | --help) sed -n '2,/^[^#]/ { s/^# \{0,1\}//p; }' "scripts/${0##*/}" ;;
		*) return 0 ;;
	esac
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
	for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3 python; do
		if [ -n "${candidate}" ] && command -v "${candidate}" >/dev/null 2>&1 &&
			"${candidate}" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
			printf '%s' "${candidate}"
			return
		fi
	done
	fail 'There is no Python 3.11, 3.12 or 3.13 on the PATH; the pinned packages are made for no other.' \
		'Install one (python.org, apt, brew), or name one: PYTHON=/path/to/python3.11 scripts/run'
}

# install FILE: install the packages listed in FILE into .venv. Skips if nothing changed since the last install.
install() {
	log=.venv/install.log
	wanted=$(cat requirements*.txt constraints.txt ingester/requirements.in functions/*/requirements.in dataflow/requirements.in reports/requirements.txt)
	for stamp in .venv/installed-requirements.txt ".venv/installed-$1"; do # the first holds all that the others do
		if [ -f "${stamp}" ] && [ "$(cat "${stamp}")" = "${wanted}" ]; then
			return
		fi
	done
	if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then # none yet, or one that was interrupted while it was made
		python=$(find_python) || exit 2
		version=$("${python}" --version)
		step "Making .venv with ${version}"
		said=$("${python}" -m venv --clear .venv 2>&1) || {
			rm -rf .venv
			last=$(printf '%s\n' "${said}" | tail -n 1)
			fail "The virtual environment could not be made: ${last}" "On Debian and Ubuntu install it first: apt-get install python3-venv"
		}
	fi
	step "Installing the packages of $1 (about a minute, once)"
	# PIP_USER and user = true in pip.conf would install beside the environment
	if ! PIP_USER=0 .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off -r "$1" >"${log}" 2>&1; then
		tail -n 5 "${log}" >&2
		fail "pip could not install the packages of $1." "Is this machine online? Is the disk full (df -h .)? All that pip said is in ${log}."
	fi
	printf '%s' "${wanted}" >"${stamp}"
}
