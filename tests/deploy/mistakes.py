"""Deliberate mistakes in deploy.sh, of the kinds that were found by reading it. The tests must find each.

docs/explanation/deployment-tests.md has the table.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mistake:
    """`wrong` takes the place of `right`, which stands once in `file`. `test` is a test of test_recorded.py that fails with it."""

    file: str
    right: str
    wrong: str
    test: str

    def apply(self, tree: Path) -> None:
        path = tree / self.file
        text = path.read_text()
        assert text.count(self.right) == 1, (
            f"{self.file} has changed: '{self.right}' stands in it {text.count(self.right)} times"
        )
        path.write_text(text.replace(self.right, self.wrong))


_ACCESS, _DATAFLOW, _FUNCTION = (f"infra/deploy/{name}.sh" for name in ("access", "dataflow", "function"))
_INGESTER, _PUBSUB, _LIFECYCLE = (f"infra/deploy/{name}.sh" for name in ("ingester", "pubsub", "lifecycle"))
_LIB, _DESTROY = (f"infra/deploy/{name}.sh" for name in ("lib", "destroy"))

_DRAIN_AND_DELETE = """	drain_all_but
	delete subscriptions "${WORKER_SUBSCRIPTION}" gcloud pubsub subscriptions delete "${WORKER_SUBSCRIPTION}"
"""
_RUNS_THEN_DRAINS = """	drain_all_but "${id}"
"""
_WAIT_FOR_CANCEL = """		wait_for_state "${id}" 'CANCELLED|DRAINED|FAILED|DONE|STOPPED' ||
			fail "The job ${id} is not cancelled yet"""
_WAIT_FOR_NAME = """wait_for_state "${id}" 'DRAINED|CANCELLED|FAILED|DONE|STOPPED' || fail "The job ${id} still drains: ${STATE}." '"""
_TRIGGER_IS_GIVEN = (
    """if [[ ${VERB} == create || ${live%%~*} != "${trigger}" || ${LIVE["functions/${name}"]} == broken ]]; then"""
)

MISTAKES = {
    "a role is granted before its account exists": Mistake(
        _ACCESS,
        """	local name
	for name in "${ACCOUNTS[@]}"; do service_account""",
        """	local name
	grant project
	for name in "${ACCOUNTS[@]}"; do service_account""",
        "test_each_thing_is_made_after_what_it_needs",
    ),
    "the worker's account is created after the repository on which it has a role": Mistake(
        _DATAFLOW,
        """	service_account "${WORKER}" # before the repository, on which it has a role
	repository
""",
        """	repository
	service_account "${WORKER}"
""",
        "test_dataflow_is_made_when_it_is_asked_for_and_a_second_time_changes_nothing",
    ),
    "the fingerprint of a streaming job is read from labels, which gcloud does not list": Mistake(
        _DATAFLOW,
        """'%s~%s~%s\\n' "${STREAM}" "${name#"${STREAM}"}" "${id}\"""",
        """'%s~%s~%s\\n' "${STREAM}" "-" "${id}\"""",
        "test_a_streaming_job_that_is_unchanged_is_left_alone",
    ),
    "a streaming job is started under a name that another one has": Mistake(
        _DATAFLOW,
        """flex-template run "${STREAM}-${config}\"""",
        """flex-template run "${STREAM}-same\"""",
        "test_a_job_with_other_settings_runs_before_the_one_that_it_replaces_is_drained",
    ),
    "a job of the same name that drains is not waited for": Mistake(
        _DATAFLOW,
        _WAIT_FOR_NAME,
        _WAIT_FOR_NAME.replace("wait_for_state", "true"),
        "test_a_job_with_other_settings_runs_before_the_one_that_it_replaces_is_drained",
    ),
    "the function is deleted before the streaming job runs": Mistake(
        _DATAFLOW,
        """	wait_until_running "${id}" # only then""",
        """	delete functions "${FUNCTION}" gcloud functions delete "${FUNCTION}" --gen2 --region="${REGION}"
	wait_until_running "${id}" # only then""",
        "test_a_streaming_job_takes_the_place_of_the_function_once_it_runs",
    ),
    "a job that Google accepts is taken for one that runs": Mistake(
        _DATAFLOW,
        """	wait_for_state "$1" RUNNING && return
""",
        """	return 0
""",
        "test_a_job_that_google_accepts_and_that_never_runs_leaves_the_function",
    ),
    "the old streaming job is drained before the new one runs": Mistake(
        _DATAFLOW,
        """	wait_until_running "${id}" # only then""",
        _RUNS_THEN_DRAINS + """	wait_until_running "${id}" # only then""",
        "test_a_job_with_other_settings_runs_before_the_one_that_it_replaces_is_drained",
    ),
    "the subscription is deleted before its job is drained": Mistake(
        _DATAFLOW,
        _DRAIN_AND_DELETE,
        "".join(reversed(_DRAIN_AND_DELETE.splitlines(keepends=True))),
        "test_back_to_the_function_the_subscription_stays_until_its_job_is_drained",
    ),
    "a job that drains is drained again by each run": Mistake(
        _DATAFLOW,
        """		[[ ${state} == Draining || ${state} == Cancelling ]] || cloud gcloud dataflow jobs drain""",
        """		cloud gcloud dataflow jobs drain""",
        "test_back_to_the_function_the_subscription_stays_until_its_job_is_drained",
    ),
    "the bucket and the account go while the job is cancelled": Mistake(
        _DATAFLOW,
        _WAIT_FOR_CANCEL,
        _WAIT_FOR_CANCEL.replace("wait_for_state", "true"),
        "test_destroy_waits_until_the_job_is_cancelled_before_its_bucket_and_account_go",
    ),
    "a plan deletes the function": Mistake(
        _DATAFLOW,
        """	if [[ ${PLANNING} == true ]]; then
		! exists functions""",
        """	if false; then
		! exists functions""",
        "test_a_plan_to_stream_deletes_no_function",
    ),
    "the trigger's flags are given only when their hash has changed": Mistake(
        _FUNCTION,
        _TRIGGER_IS_GIVEN,
        """if [[ ${VERB} == create || ${live%%~*} != "${trigger}" ]]; then""",
        "test_a_trigger_or_its_subscription_that_was_lost_is_made_again",
    ),
    "the trigger's flags are given each time, and Google makes the trigger anew": Mistake(
        _FUNCTION,
        _TRIGGER_IS_GIVEN,
        "if true; then",
        "test_a_trigger_is_given_again_only_where_it_differs_and_its_subscription_is_set_up_each_time",
    ),
    "a subscription that Google made anew keeps Google's defaults": Mistake(
        _FUNCTION,
        """		LIVE["subscriptions/${PUSH_SUBSCRIPTION}"]='' # Google may""",
        """		: # Google may""",
        "test_a_trigger_is_given_again_only_where_it_differs_and_its_subscription_is_set_up_each_time",
    ),
    "the tick starts an ingester that has no token": Mistake(
        _INGESTER,
        """	if ! exists schedules "${TICK}" && [[ ${PLANNING} == false ]] && ! has_token; then return 0; fi
""",
        "",
        "test_without_a_token_nothing_is_started_again_and_again",
    ),
    "the token is an argument": Mistake(
        _PUBSUB,
        """secrets versions add "${SECRET}" --data-file=- >/dev/null""",
        """secrets versions add "${SECRET}" --data-file=- --token="${X_BEARER_TOKEN}" >/dev/null""",
        "test_the_token_goes_through_standard_input",
    ),
    "what Google does not know of yet is an error": Mistake(
        _LIB,
        "readonly NOT_YET='",
        "readonly NOT_YET='^$' NEVER='",
        "test_what_google_does_not_know_of_yet_is_asked_again",
    ),
    "a package that a deployable carries is no part of its fingerprint": Mistake(
        _LIB,
        "	local -a packages=(posts runtime)",
        "	local -a packages=(posts)",
        "test_a_changed_byte_is_planned_for_each_deployable_that_carries_it",
    ),
    "an account is deleted with its roles in the project's policy": Mistake(
        _DESTROY,
        """			project) delete roles""",
        """			project) : delete roles""",
        "test_destroy_takes_everything_and_twice_is_harmless",
    ),
    "a pause leaves a search by hand running": Mistake(
        _LIFECYCLE,
        """	! exists jobs "${RUN_JOB}" || cancel_executions '' "${RUN_JOB}" # a search by hand""",
        """	: # a search by hand""",
        "test_pause_cancels_a_search_by_hand_as_well",
    ),
    "the topic is made before its schema": Mistake(
        _PUBSUB,
        """	local config
	schema
""",
        """	local config
""",
        "test_each_thing_is_made_after_what_it_needs",
    ),
}
