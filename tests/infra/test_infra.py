"""`infra/`: Terraform is content with it, and its plan holds what the code uses, and nothing else."""

from __future__ import annotations

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra import idle
from infra.asking import FIELDS, Index, calls, kinds, kinds_with_an_end
from infra.checking import ROOT, Checked, check, copy_into, functions, see_tools
from tiercel.adapters.gcp import bodies, names, outbox
from tiercel.adapters.gcp.queries import due
from tiercel.cloud import settings as cloud_settings
from tiercel.cloud.settings import Settings, read_settings
from tiercel.planner.plan import MOST_LOST

SETS = ("everything", "minimal", "second_region")
CALLED = {"TIERCEL_ENVIRONMENT", "TIERCEL_ENVIRONMENT_COLOR", "TIERCEL_MANAGE_SECRETS"}
"""What only some installations say: what the pages call them, and whether secrets are made there."""
DOOR = {"TIERCEL_URL", "TIERCEL_USER", "TIERCEL_PASSWORD", "TIERCEL_TOKEN", "TIERCEL_API_OPEN"} | CALLED
"""Settings of the function that people call."""
LOGIN = {"TIERCEL_PASSWORD", "TIERCEL_TOKEN"}
"""Those of them that are secrets."""
WORKER = {"TIERCEL_JOB", "TIERCEL_JOB_TASKS"}
"""Settings of the function that begins jobs."""
EVERYWHERE = {"LOG_EXECUTION_ID", "THREADS", "TIERCEL_TIMEOUT"}
"""What every function is told besides the settings that it shares with the others."""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checked]:
    """Check every set of variables, two at a time."""
    see_tools()
    folder = tmp_path_factory.mktemp("plans")
    copy_into(folder)
    # `terraform test` brings its own variables, so once is enough, and with the set that is otherwise the smallest.
    more = {"minimal": ()}
    with ThreadPoolExecutor(2) as threads:
        done = threads.map(lambda name: check(name, folder, "--apply", *more.get(name, ("--no-test",))), SETS)
        return dict(zip(SETS, done, strict=True))


@pytest.fixture(scope="module")
def everything(checked: dict[str, Checked]) -> Checked:
    return checked["everything"]


def _settings(plan: Checked, function: str) -> Settings:
    return read_settings(plan.environment(function))


@pytest.mark.parametrize("name", SETS)
def test_terraform_applies_it_changes_nothing_a_second_time_and_destroys_it(
    checked: dict[str, Checked], name: str
) -> None:
    assert checked[name].code == 0, checked[name].said


def test_every_function_of_the_code_is_planned_and_no_other(everything: Checked) -> None:
    planned = everything.planned("google_cloudfunctions2_function").values()
    assert sorted(each["build_config"][0]["entry_point"] for each in planned) == functions()


def _given(plan: Checked, function: str) -> tuple[set[str], set[str]]:
    """Return the names of a function's variables, and of those that are secrets."""
    planned = plan.planned("google_cloudfunctions2_function")[f'function["{function}"]']["service_config"][0]
    return set(plan.environment(function)), {each["key"] for each in planned["secret_environment_variables"]}


def _shared() -> set[str]:
    """Return the settings of all functions."""
    named = {name for name in cloud_settings._NAMES.values() if "EMULATOR" not in name}
    return named - DOOR - WORKER - {"CLOUD_RUN_EXECUTION"}


@pytest.mark.parametrize("function", functions())
def test_a_function_gets_every_setting_and_no_other(everything: Checked, function: str) -> None:
    plain, secret = _given(everything, function)
    assert secret == {"TIERCEL_ENCRYPTION_KEY"}
    door = {"TIERCEL_URL", "TIERCEL_API_OPEN"} | CALLED if function == "api" else set()
    worker = WORKER if function == "execute" else set()
    assert plain | secret == _shared() | EVERYWHERE | door | worker
    planned = everything.planned("google_cloudfunctions2_function")[f'function["{function}"]']["service_config"][0]
    read = _settings(everything, function)
    assert read.timeout == planned["timeout_seconds"]
    assert read.threads == planned["max_instance_request_concurrency"]


def test_only_where_a_login_is_wanted_the_api_gets_one(checked: dict[str, Checked]) -> None:
    plain, secret = _given(checked["second_region"], "api")
    assert plain | secret == (_shared() | EVERYWHERE | DOOR) - {"TIERCEL_API_OPEN"} - CALLED
    assert secret == LOGIN | {"TIERCEL_ENCRYPTION_KEY"}
    assert [_given(checked["second_region"], name)[1] & LOGIN for name in functions() if name != "api"] == [set()] * 5
    kept = {each["secret_id"] for each in checked["second_region"].planned("google_secret_manager_secret").values()}
    assert kept == {"tiercel-us-encryption-key", "tiercel-us-api-password", "tiercel-us-api-token"}


@pytest.mark.parametrize("name", SETS)
def test_the_api_is_open_only_where_iam_is_its_door(checked: dict[str, Checked], name: str) -> None:
    grants = checked[name].planned("google_cloud_run_service_iam_member").values()
    callers = {each.get("member") for each in grants}  # that of the proxy is known after the apply
    settings = _settings(checked[name], "api")
    assert settings.is_open is ("allUsers" not in callers)
    assert bool(settings.user) is not settings.is_open
    assert settings.url == checked[name].plan["planned_values"]["outputs"]["api_url"]["value"]


@pytest.mark.parametrize("name", SETS)
def test_the_settings_name_what_is_planned_and_nothing_is_planned_besides(
    checked: dict[str, Checked], name: str
) -> None:
    plan = checked[name]
    found = _settings(plan, "execute")
    topics = {
        f"projects/{found.project}/topics/{each['name']}" for each in plan.planned("google_pubsub_topic").values()
    }
    heard = {each["topic"].rpartition("/")[2] for each in _notified(plan)}
    assert heard == {"objects"}
    objects = found.events_topic.removesuffix("events") + "objects"
    assert topics == {found.events_topic, found.tasks_topic, found.dead_topic, found.executions_topic, objects}
    (queue,) = plan.planned("google_cloud_tasks_queue").values()
    assert found.queue == f"projects/{found.project}/locations/{queue['location']}/queues/{queue['name']}"
    (database,) = plan.planned("google_firestore_database").values()
    assert found.database == database["name"]
    buckets = {each["name"] for each in plan.planned("google_storage_bucket").values()}
    (source,) = {each["bucket"] for each in plan.planned("google_storage_bucket_object").values()}
    assert buckets == {found.bucket, found.storage_bucket, source}
    assert found.account == plan.planned("google_service_account")["pusher"]["email"]


def _notified(plan: Checked) -> list[dict[str, str]]:
    """Return the notifications, with the topic as the configuration names it: its id is known after the apply."""
    written = plan.plan["configuration"]["root_module"]["resources"]
    (each,) = (each for each in written if each["type"] == "google_storage_notification")
    references = each["expressions"]["topic"]["references"]
    return [{"topic": references[0].removesuffix('"].id').replace('["', "/")}]


@pytest.mark.parametrize("name", SETS)
def test_every_topic_is_pushed_to_the_function_that_handles_it(checked: dict[str, Checked], name: str) -> None:
    plan, found = checked[name], _settings(checked[name], "execute")
    pushes = {
        address: each["push_config"][0]["push_endpoint"]
        for address, each in plan.planned("google_pubsub_subscription").items()
        if each["push_config"]
    }
    assert pushes.pop('push["events"]') == found.advance_url
    assert pushes.pop('push["tasks"]') == found.execute_url
    host = found.advance_url.removeprefix("https://").partition("-advance-")
    assert pushes.pop('push["objects"]') == f"https://{host[0]}-on-object-{host[2]}"
    for address, endpoint in pushes.items():
        url, _, topic = endpoint.partition("?topic=")
        assert url == f"https://{host[0]}-on-message-{host[2]}", address
        assert topic.startswith(f"projects/{found.project}/topics/"), address


@pytest.mark.parametrize("name", SETS)
def test_the_lines_for_a_shell_are_the_settings(checked: dict[str, Checked], name: str) -> None:
    lines = checked[name].plan["planned_values"]["outputs"]["env"]["value"].splitlines()
    read = dict(shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in lines)
    given = checked[name].environment("execute")
    watched = cloud_settings.read_watched({name: read.pop(name) for name in list(read) if "_WATCHED_" in name})
    assert watched is not None
    assert given["TIERCEL_BUCKET"] in watched.buckets
    assert read == {key: given[key] for key in given if key not in EVERYWHERE | WORKER}


ON_THE_PROJECT = {
    "roles/datastore.user": True,
    "roles/logging.logWriter": False,
    "roles/secretmanager.viewer": False,
    "roles/storage.objectViewer": True,
}
"""The roles that are granted on the whole project, and whether a condition narrows them to something of ours."""

FOR_SECRETS = {"roles/secretmanager.admin": True, "roles/secretmanager.secretAccessor": True}
"""Those besides, where secrets are managed from the pages."""


@pytest.mark.parametrize("name", SETS)
def test_no_other_right_holds_on_the_whole_project(checked: dict[str, Checked], name: str) -> None:
    plan = checked[name].planned("google_project_iam_member").values()
    more = FOR_SECRETS if name == "everything" else {}
    assert {each["role"]: bool(each["condition"]) for each in plan} == ON_THE_PROJECT | more
    writers = [each["member"] for each in plan if each["role"] == "roles/secretmanager.admin"]
    assert [each.partition(":")[2].partition("@")[0] for each in writers] == (["flows-prod-api"] if more else [])
    granted = [each for each in plan if each["role"] in ("roles/secretmanager.viewer", "roles/datastore.user")]
    prefix = checked[name].plan["variables"]["prefix"]["value"]
    accounts = {each["member"].partition(":")[2].partition("@")[0] for each in granted}
    own = [*functions(), *(["worker"] if checked[name].planned("google_cloud_run_v2_job") else [])]
    assert accounts == {f"{prefix}-{each.replace('_', '-')}" for each in own}


def test_secrets_are_called_as_the_code_asks_for_them(everything: Checked) -> None:
    planned = {each["secret_id"] for each in everything.planned("google_secret_manager_secret").values()}
    assert planned == {"flows-prod-encryption-key", "SECRET_WAREHOUSE_PASSWORD", "SECRET_TOKEN_2"}


# ------------------------------------------------------------ the job


def test_the_job_is_what_the_code_takes_it_for(everything: Checked) -> None:
    (job,) = everything.planned("google_cloud_run_v2_job").values()
    settings = _settings(everything, "execute")
    assert settings.job == f"projects/{settings.project}/locations/{job['location']}/jobs/{job['name']}"
    assert settings.tasks_apart == ("io.kestra.plugin.dbt.", "io.kestra.plugin.scripts.")
    run = job["template"][0]["template"][0]
    assert run["max_retries"] == MOST_LOST
    (container,) = run["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert set(given) == _shared() | {"TIERCEL_TIMEOUT"}
    own = read_settings(given)
    assert run["timeout"] == f"{own.timeout:.0f}s"
    assert not own.has_jobs
    assert {name: value for name, value in given.items() if name in everything.environment("execute")} == {
        **{name: everything.environment("execute")[name] for name in given if name != "TIERCEL_ENCRYPTION_KEY"},
        "TIERCEL_TIMEOUT": given["TIERCEL_TIMEOUT"],
    }


def test_the_job_may_do_what_execute_may_but_begin_jobs(everything: Checked) -> None:
    rights: dict[str, set[tuple[str, str]]] = {"execute": set(), "worker": set()}
    found = everything.plan["planned_values"]["root_module"]["resources"]
    for each in found:
        who = each["values"].get("member", "").partition("@")[0].rpartition("flows-prod-")[2]
        if each["mode"] == "managed" and "role" in each["values"] and who in rights:
            rights[who].add((each["type"], each["values"]["role"]))
    assert rights["worker"]
    begins = ("google_cloud_run_v2_job_iam_member", "roles/run.jobsExecutorWithOverrides")
    buries = ("google_pubsub_topic_iam_member", "roles/pubsub.publisher")
    assert rights["execute"] - rights["worker"] == {begins}
    assert rights["worker"] <= rights["execute"]
    topics = [each for each in found if each["type"] == buries[0] and "worker" in str(each["values"].get("member"))]
    assert len(topics) == 2  # no dead letters: there is no request that it could refuse


@pytest.mark.parametrize("name", ["minimal", "second_region"])
def test_without_an_image_there_is_no_job(checked: dict[str, Checked], name: str) -> None:
    assert checked[name].planned("google_cloud_run_v2_job") == {}
    assert not set(checked[name].environment("execute")) & WORKER
    assert not [each for each in checked[name].planned("google_service_account") if "worker" in each]


# ------------------------------------------------------------ Firestore

MAPS = {"failures", "leaf", "runs"}
"""Kinds of maps (`Merge`), not of documents."""


def _indexes(plan: Checked) -> set[Index]:
    found = set()
    for each in plan.planned("google_firestore_index").values():
        *fields, last = each["fields"]
        assert last["field_path"] == bodies.DATE
        found.add(Index(each["collection"], frozenset(field["field_path"] for field in fields), last["order"]))
        for field in fields:
            is_array = field["field_path"] == bodies.WITHIN
            assert bool(field["array_config"]) is is_array, each
    return found


def _is_served(index: Index, planned: set[Index]) -> bool:
    """Tell whether a query has its index, or some that Firestore merges (equalities alone)."""
    if index in planned:
        return True
    merged = (Index(index.kind, frozenset([field]), index.order) for field in index.fields)
    return bodies.WITHIN not in index.fields and all(each in planned for each in merged)


def test_every_query_of_the_code_has_its_index(everything: Checked) -> None:
    planned = _indexes(everything)
    asked = {index for call in calls() for index in call.indexes()}
    assert len(asked) > 40  # else they are not found in the source any more
    assert [index for index in asked if not _is_served(index, planned)] == []


def test_no_index_is_planned_that_no_query_asks_for(everything: Checked) -> None:
    asked = {index for call in calls() for index in call.indexes()}
    assert _indexes(everything) - asked == set()


def test_bodies_are_not_indexed_and_what_is_asked_for_is(everything: Checked) -> None:
    fields = everything.planned("google_firestore_field").values()
    planned = {(each["collection"], each["field"]) for each in fields}
    documents = {bodies.BODY, bodies.PACKED, bodies.APART, bodies.NONCE}
    for kind in kinds() | {names.ALONE}:
        wanted = {bodies.ENTRIES, bodies.COUNT} if kind in MAPS else documents
        ends = {bodies.UNTIL} if kind in kinds_with_an_end() else set()
        dates = {bodies.DATE} if kind == names.DUE else set()
        assert {field for other, field in planned if other == kind} == wanted | ends | dates, kind
    assert {kind for kind, _ in planned} == kinds() | {names.ALONE}
    assert outbox.COLLECTION.endswith(f"/{names.DUE}")  # what holds for that kind holds for the notes
    assert {call.kind for call in calls()} <= kinds()
    assert not {field for _, field in planned} & {*FIELDS.values()}


def test_what_is_due_is_found_in_all_collections_of_that_name(everything: Checked) -> None:
    asked = due(1.0, 10)
    assert [(each.collection_id, each.all_descendants) for each in asked.from_] == [(names.DUE, True)]
    fields = [each for each in everything.planned("google_firestore_field").values() if each["field"] == bodies.DATE]
    (config,) = (index for each in fields for index in each["index_config"])
    assert [each["collection"] for each in fields] == [names.DUE]
    scopes = {(each["query_scope"], each["order"]) for each in config["indexes"]}
    assert scopes == {("COLLECTION", "ASCENDING"), ("COLLECTION_GROUP", "ASCENDING")}


def test_what_has_an_end_is_removed_by_firestore_and_nothing_else(everything: Checked) -> None:
    fields = everything.planned("google_firestore_field").values()
    ending = {(each["collection"], each["field"]) for each in fields if each["ttl_config"]}
    assert ending == {(kind, bodies.UNTIL) for kind in kinds_with_an_end()}
    assert len(ending) == 2  # else they are not found in the source any more


# ------------------------------------------------------------ what it costs, what a scanner says


def test_an_idle_month_costs_what_it_may(checked: dict[str, Checked]) -> None:
    dollars, allotted = idle.total(idle.lines(checked["minimal"]))
    assert allotted < dollars <= idle.BAR


def test_alerts_and_logins_are_priced_as_well(checked: dict[str, Checked]) -> None:
    default = idle.total(idle.lines(checked["minimal"]))[0]
    alerts = idle.total(idle.lines(checked["everything"]))[0] - default
    assert 4 * 0.10 < alerts < 0.60  # docs/deploy.md, What is there, and what it costs
    logins = idle.total(idle.lines(checked["second_region"]))[0] - default
    assert logins == pytest.approx(2 * 0.06)


def test_what_nobody_has_priced_is_an_error(checked: dict[str, Checked], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "PRICED", idle.PRICED - {"google_cloud_scheduler_job"})
    with pytest.raises(ValueError, match="google_cloud_scheduler_job"):
        idle.lines(checked["minimal"])


def test_checkov_finds_nothing_that_has_no_reason(everything: Checked) -> None:
    checkov = os.environ.get("TIERCEL_CHECKOV", "")
    if not checkov:
        # .ci/run installs it and names it here.
        pytest.skip("checkov has packages that ours cannot stand beside: `make check-infra` installs it apart")
    plan, config = str(everything.plan_file), str(ROOT / "infra" / ".checkov.yaml")
    command = [str(Path(checkov).absolute()), "-f", plan, "--config-file", config, "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
