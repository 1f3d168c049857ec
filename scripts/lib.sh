# shellcheck shell=sh
# Shared by the scripts beside it, which source it from the project's folder: finds Python, makes .venv once, installs what is needed, says
# what it does. POSIX sh, because macOS has bash 3.2 of 2007 and small Linux images have no bash at all.
set -eu
project=$(pwd -P)
set_up_lock=${project}/.venv.lock
caller_folder=${OLDPWD:-${project}} # where the person stands

# python -m finds our packages in the folder where it is started, which this forbids.
unset PYTHONSAFEPATH

# Compiled modules go beside the packages. Where none may be written, as in many containers, each process would compile Google's clients anew.
unset PYTHONDONTWRITEBYTECODE
PYTHONPYCACHEPREFIX=${project}/.venv/pycache
export PYTHONPYCACHEPREFIX

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

# start MODULE ARGUMENT...: runs a program of ours where the person stands, so that relative paths are theirs.
start() {
	module=$1
	shift
	cd -- "${caller_folder}"
	# a folder there that is named like a package of ours is not imported in its place
	PYTHONPATH=${project}${PYTHONPATH:+:${PYTHONPATH}}
	PYTHONSAFEPATH=1
	# a terminal that is not UTF-8 shows ? where it has no sign
	PYTHONIOENCODING=${PYTHONIOENCODING:-}
	PYTHONIOENCODING=${PYTHONIOENCODING%%:*}:replace
	# the local servers are not reached through a proxy; some clients read one spelling, some the other
	no_proxy=${no_proxy:-${NO_PROXY:-}}
	no_proxy=${no_proxy:+${no_proxy},}127.0.0.1,localhost
	NO_PROXY=${no_proxy}
	export PYTHONPATH PYTHONSAFEPATH PYTHONIOENCODING no_proxy NO_PROXY
	exec "${project}/.venv/bin/python" -m "${module}" "$@"
}

# install GROUP...: installs the packages of these groups of pyproject.toml into .venv, at the versions of uv.lock. Skips if that is done.
install() {
	state=$(printf '%s\n' "${project}" && cat pyproject.toml uv.lock | cksum)
	if are_installed dev || are_installed "$@"; then # dev holds all that the others do
		return
	fi
	lock_set_up
	install_locked "$@"
	unlock_set_up
}

install_locked() {
	if are_installed dev || are_installed "$@"; then # by the set-up that was waited for
		return
	fi
	make_environment
	step "Installing the packages of: $* (once)"
	list_packages "$@"
	log=.venv/install.log
	# Of the exported list and not with uv sync: that takes each package from where it was locked, whatever index is set.
	if ! (take_settings_of_pip &&
		"${UV}" pip install --quiet --python .venv/bin/python --require-hashes --index-strategy unsafe-best-match -r .venv/packages.txt) >"${log}" 2>&1; then
		tail -n 5 "${log}" >&2
		fail "The packages of $* could not be installed." \
			"Is this machine online? Is the disk full (df -h .)? Does it need a proxy or an index of its own? All that uv said is in ${log}."
	fi
	for group in "$@"; do printf '%s' "${state}" >".venv/installed.${group}"; done
}

# Two set-ups at once would write into one .venv: the second waits for the first. A folder is made by one of them only, on any file system.
lock_set_up() {
	tries=0
	trap unlock_set_up EXIT
	until mkdir "${set_up_lock}" 2>/dev/null; do
		process=$(cat "${set_up_lock}/process" 2>/dev/null) || process=''
		[ "${tries}" -ne 3 ] || step "Waiting for another set-up of this folder (process ${process:-unknown})"
		# one that was killed left its folder; one that has only begun has not written its number yet
		if { [ -n "${process}" ] && ! kill -0 "${process}" 2>/dev/null; } || { [ -z "${process}" ] && [ "${tries}" -ge 5 ]; }; then
			rm -rf "${set_up_lock}"
		fi
		tries=$((tries + 1))
		sleep 1
	done
	printf '%s' "$$" >"${set_up_lock}/process"
}

unlock_set_up() {
	trap - EXIT
	[ "$(cat "${set_up_lock}/process" 2>/dev/null)" != "$$" ] || rm -rf "${set_up_lock}"
}

# are_installed GROUP...: whether this was done for the project as it is now, and where it is
are_installed() {
	for group in "$@"; do
		[ "$(cat ".venv/installed.${group}" 2>/dev/null)" = "${state}" ] || return 1
	done
}

# Makes .venv anew if there is none, its making was interrupted, or the project was moved: programs in it hold the folder's path.
make_environment() {
	if grep -qF " ${project}/.venv" .venv/pyvenv.cfg 2>/dev/null && .venv/bin/python -m pip --version >/dev/null 2>&1; then
		return
	fi
	if [ -f .venv/pyvenv.cfg ] && [ ! -L .venv ] && ! ls .venv/installed.* >/dev/null 2>&1 && ! grep -qF "/.venv" .venv/pyvenv.cfg; then
		[ ! -e .venv.kept ] || fail 'The folder .venv is not one that the scripts made, and .venv.kept, where it would be kept, is there already.' \
			'Move one of them away, and run it again.'
		step 'The .venv that is here was not made by the scripts: it is kept as .venv.kept'
		mv .venv .venv.kept
	fi
	python=$(find_python) || exit 2
	version=$("${python}" --version)
	step "Making .venv with ${version}"
	[ ! -L .venv ] || rm .venv # --clear would empty the folder that it leads to
	said=$("${python}" -m venv --clear "${project}/.venv" 2>&1) || {
		rm -rf .venv
		last=$(printf '%s\n' "${said}" | tail -n 1)
		fail "The virtual environment could not be made: ${last}" "On Debian and Ubuntu install it first: apt-get install python3-venv"
	}
}

# uv reads no pip.conf: an index, proxy or certificate that is set for pip, there or in PIP_..., is given to uv by its own variables.
take_settings_of_pip() {
	settings=$(.venv/bin/python -m pip config list 2>/dev/null) || return 0
	for pair in index-url=UV_DEFAULT_INDEX extra-index-url=UV_INDEX find-links=UV_FIND_LINKS no-index=UV_NO_INDEX \
		trusted-host=UV_INSECURE_HOST proxy=ALL_PROXY cert=SSL_CERT_FILE; do
		name=${pair#*=}
		value=''
		for section in global install :env:; do # the later one holds
			setting=$(printf '%s\n' "${settings}" | sed -n "s/^${section}\.${pair%=*}='\(.*\)'\$/\1/p")
			value=${setting:-${value}}
		done
		value=$(printf '%s' "${value}" | sed 's/^\\n//; s/\\n/ /g') # several stand on lines of their own
		[ "${name}" != UV_FIND_LINKS ] || value=$(printf '%s' "${value}" | tr ' ' ',')
		eval "set_already=\${${name}:-}"
		if [ -n "${value}" ] && [ -z "${set_already}" ]; then
			export "${name}=${value}"
		fi
	done
}

# list_packages GROUP...: writes the groups' packages, with versions and hashes, to .venv/packages.txt, and sets UV: the one on the PATH if it
# reads this project, else one of our own in .venv.
list_packages() {
	for UV in uv .venv/bin/uv; do
		if export_groups "$@" 2>/dev/null; then
			return
		fi
	done
	release=$(sed -n '/^name = "uv"$/ { n; s/^version = "\(.*\)"$/\1/p; }' uv.lock)
	# PIP_USER and user = true in pip.conf would install beside the environment
	if ! PIP_USER=0 .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off --only-binary=:all: "uv==${release}" >.venv/install.log 2>&1; then
		tail -n 5 .venv/install.log >&2
		fail "pip could not install uv ${release}, which installs the packages." \
			"Is this machine online? Is the disk full (df -h .)? All that pip said is in .venv/install.log. Or install uv yourself: https://docs.astral.sh/uv"
	fi
	export_groups "$@"
}

# export_groups GROUP...: what they need, pinned, as pip and uv read it
export_groups() {
	only=''
	for group in "$@"; do only="${only} --only-group ${group}"; done
	# shellcheck disable=SC2086 # options, and no other words
	"${UV}" export --quiet --frozen --no-header --python .venv/bin/python ${only} --output-file .venv/packages.txt >/dev/null
}
