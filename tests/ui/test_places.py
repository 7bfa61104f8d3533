"""The pages of what is not an execution: namespaces, statistics, triggers, settings."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any, ClassVar

import pytest

from api.driving import LOG
from tiercel.adapters.local.secrets import EnvironmentSecrets
from tiercel.api.executions.searching import every
from tiercel.api.site import Site
from tiercel.errors import NotFoundError, TiercelError
from tiercel.ports import SecretName
from tiercel.triggerrecords import decode_state, state_write
from tiercel.ui.pages.namespaces import grown
from tiercel.ui.pages.plugins import example_of
from tiercel.ui.pages.triggers import GONE, HUNG, PASSED, alarm
from ui.browsing import Reader
from ui.conftest import World


def test_namespaces_are_a_tree_whoever_holds_what(world: World, reader: Reader) -> None:
    services = world.api.rt.services
    services.files.write("tree.files.deep", "x.txt", b"1")
    services.keys.set("tree.keys", "k", 1)
    html = reader.get("/ui/namespaces?q=tree")
    links = [each.attributes["title"] for each in html.all("a") if each.attributes.get("title", "").startswith("tree")]
    assert links == ["tree", "tree.files", "tree.files.deep", "tree.keys"]
    assert len(html.all("details", open="")) == 2
    assert [each.attributes["aria-label"] for each in html.all("summary") if "below" in str(each)] == [
        "What is below tree",
        "What is below tree.files",
    ]


def test_a_namespace_whose_parent_is_not_found_stands_at_the_top_with_its_whole_name() -> None:
    (lone, other) = grown(["a.b", "c", "c.d", "c-x"])[:2]
    assert (lone.shown, lone.below) == ("a.b", [])
    assert (other.shown, [each.shown for each in other.below]) == ("c", ["d"])


def test_statistics_say_how_the_installation_fares_and_what_nobody_here_knows(reader: Reader) -> None:
    text = reader.get("/ui/admin/stats").text
    assert "0 messages waiting, 0 being handled" in text
    assert "Outbox" in text
    assert "Oldest undelivered message none" in text
    assert "one process lives on here" in text


def test_task_runs_are_counted_where_somebody_asks(
    world: World, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Count them" in reader.get("/ui/admin/stats").text
    runs = sum(len(world.api.rt.view.runs(each, None)) for each in every(world.api.rt.store, None))
    html = reader.get("/ui/admin/stats?taskRuns=true")
    assert "Count them" not in html.text
    counted = html.text.partition("Task runs of the last seven days")[2].partition("Task runs by day")[0]
    assert sum(int(word) for word in counted.split() if word.isdigit()) == runs > 0
    monkeypatch.setattr("tiercel.api.statistics.inside.MOST_READ", 0)
    assert "more than 0" in reader.get("/ui/admin/stats?taskRuns=true").text


NOW = 1_700_000_000.0
LONG_AGO, SOON = "2023-11-14T20:00:00Z", "2023-11-14T23:00:00Z"


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"nextExecutionDate": SOON}, None),
        ({"nextExecutionDate": LONG_AGO}, PASSED),
        ({"nextExecutionDate": LONG_AGO, "disabled": True}, None),
        ({"nextExecutionDate": LONG_AGO, "locked": True, "executionId": "e"}, None),
        ({"evaluateRunningDate": LONG_AGO, "locked": True}, HUNG),
        ({"gone": True}, GONE),
    ],
)
def test_a_trigger_that_needs_a_hand_is_marked_with_the_remedy(state: dict[str, Any], wanted: object) -> None:
    declared = {} if state.pop("gone", False) else {"trigger": {"id": "t"}}
    assert alarm({**declared, "state": {"disabled": False, **state}}, NOW) is wanted


def test_a_trigger_is_switched_where_it_stands(world: World, reader: Reader) -> None:
    world.api.deploy(SCHEDULED.format("switched"))
    page = "/ui/admin/triggers?flowId=switched"
    for wanted in ("false", "true"):
        (switch,) = reader.get(page).all("button", role="switch")
        assert switch.attributes["aria-checked"] != wanted
        form = {"id": "company.team/shown/day", "only": switch.attributes["value"]}
        assert reader.moves(switch.attributes["formaction"], data=form) == page
        assert reader.get(page).all("button", role="switch")[0].attributes["aria-checked"] == wanted
    assert reader.get("/ui/admin/triggers?flowId=shown&q=day").all("button", role="switch", aria_checked="true")


SCHEDULED = """id: {}
namespace: company.team
triggers: [{{id: day, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 * * *"}}]
"""


def test_a_trigger_says_in_its_row_why_it_was_not_evaluated_and_is_restarted_there(
    world: World, reader: Reader
) -> None:
    world.api.deploy(SCHEDULED.format("troubled"))
    key = "trigger/company.team/troubled/day"
    stored = world.api.rt.store.get([key])[0]
    assert stored is not None
    state = decode_state(stored.body)
    state.trouble, state.next = "the zone Mars/Phobos is not known", 1.0
    world.api.rt.store.commit([state_write(state, stored.version)])
    html = reader.get("/ui/admin/triggers?flowId=troubled")
    assert "Last evaluation: the zone Mars/Phobos" in html.text
    assert "its date has passed" in html.text
    (restart, _) = [each for each in html.all("button") if "/restart?" in each.attributes.get("formaction", "")]
    reader.moves(restart.attributes["formaction"])
    assert "its date has passed" not in reader.get("/ui/admin/triggers?flowId=troubled").text


def test_many_triggers_are_those_of_the_filter_and_never_all(world: World, reader: Reader) -> None:
    for number in range(12):
        world.api.deploy(SCHEDULED.format(f"many-{number}").replace("company.team", "many.ns"))
    html = reader.get("/ui/admin/triggers?namespace=many.ns&size=10")
    assert "Choose all 12 triggers: namespace many.ns" in html.text
    (every,) = [
        each.attributes["data-every-one"]
        for each in html.all("button")
        if "disabled=true" in each.attributes.get("data-every-one", "")
    ]
    reader.moves(every)
    found = world.api.get("/triggers/search?namespace=many.ns&size=50")["results"]
    assert [each["state"]["disabled"] for each in found] == [True] * 12
    assert "Choose all" not in reader.get("/ui/admin/triggers?size=10").text


def test_an_installation_is_called_as_it_was_set_up(world: World, reader: Reader) -> None:
    site = replace(world.site, environment="Production", environment_color="#c0322b")
    named = world.reader(site)
    response = named.client.get("/ui/flows")
    text = response.get_data(as_text=True)
    nonce = text.partition('<style nonce="')[2].partition('"')[0]
    assert f"'nonce-{nonce}'" in response.headers["Content-Security-Policy"]
    assert "--env: #c0322b" in text
    assert "Production" in named.get("/ui/flows").text
    config = named.client.get("/api/v1/main/configs").json
    assert config is not None
    assert config["environment"] == {"name": "Production", "color": "#c0322b"}
    assert "--env" not in reader.client.get("/ui/flows").get_data(as_text=True)


@pytest.mark.parametrize("color", ["red;}body{display:none", "#12", "url(x)", "</style>"])
def test_a_colour_that_is_none_is_refused(world: World, color: str) -> None:
    with pytest.raises(TiercelError, match="wanted #c0322b"):
        Site(world.api.rt, environment_color=color)


def test_a_key_is_stored_as_the_type_that_is_chosen_or_the_form_says_why_not(world: World, reader: Reader) -> None:
    page = "/ui/namespaces/edit/keys.typed.below/kv"
    kinds = {
        "STRING": "PT1H",
        "NUMBER": "4.5",
        "BOOLEAN": "false",
        "DATETIME": "2026-01-31T08:00:00Z",
        "DATE": "2026-01-31",
        "DURATION": "PT1H",
        "JSON": '{"a": [1]}',
    }
    for kind, value in kinds.items():
        form = {"key": f"k-{kind}", "kind": kind, "value": value, "ttl": "P1D", "description": "für alle"}
        assert reader.moves(page, data=form) == page
    kept = {each["key"]: each for each in world.api.get("/namespaces/keys.typed.below/kv")}
    assert {each["type"] for each in kept.values()} == set(kinds)
    assert all(each["expirationDate"] and each["description"] == "für alle" for each in kept.values())
    assert "k-DURATION DURATION" in reader.get(page).text
    refused = reader.post(page, data={"key": "bad", "kind": "NUMBER", "value": "true", "ttl": ""})
    assert refused.status_code == 422
    text = refused.get_data(as_text=True)
    assert "read as BOOLEAN, wanted NUMBER such as 42" in text
    assert 'name="key" required value="bad"' in text
    world.api.rt.services.keys.set("keys.typed", "above", 1)
    assert "above NUMBER keys.typed" in reader.get(page).text
    assert "k-STRING" not in reader.get("/ui/namespaces/edit/keys.typed/kv").text


def test_the_example_of_every_plugin_is_a_flow_that_is_valid(world: World, reader: Reader) -> None:
    kinds = ("tasks", "triggers", "conditions", "taskRunners")
    groups = world.api.get("/plugins?size=1000")["results"]
    names = [each["cls"] for group in groups for kind in kinds for each in group[kind]]
    texts = [example_of(world.api.get(f"/plugins/{name}"), name) for name in names]
    said = world.api.post("/flows/validate", data="\n---\n".join(texts), content_type="application/x-yaml")
    assert len(said) == len(names) > 100
    assert [each["constraints"] for each in said if each.get("constraints")] == []
    assert [name for name, text in zip(names, texts, strict=True) if name not in text] == []


def test_a_plugin_is_used_in_a_new_flow_and_says_whether_it_is_only_accepted(reader: Reader) -> None:
    page = reader.get("/ui/plugins/io.kestra.plugin.core.log.Log")
    (use,) = [each for each in page.all("a") if "plugin=" in each.attributes["href"]]
    assert "type: io.kestra.plugin.core.log.Log" in reader.get(use.attributes["href"]).text
    assert "only accepted" not in page.text
    assert "only accepted" in reader.get("/ui/plugins/io.kestra.plugin.ee.kubernetes.runner.Kubernetes").text
    assert "only accepted" in reader.get("/ui/plugins?q=Kubernetes").text
    assert reader.get("/ui/plugins").all("img", class_="mark")


def test_a_plugin_s_page_has_a_table_of_what_it_gives(reader: Reader) -> None:
    kinds = "io.kestra.plugin.core"
    page = reader.get(f"/ui/plugins/{kinds}.http.Request")
    assert "Read as outputs.ID.NAME" in page.text
    texts = [text for each in page.texts if (text := each.strip())]
    assert texts[texts.index("code") + 1 :][:2] == ["integer", "The status of the response."]
    assert "Read as trigger.NAME" in reader.get(f"/ui/plugins/{kinds}.trigger.Schedule").text
    assert "The inputs that onResume asks for" in reader.get(f"/ui/plugins/{kinds}.flow.Pause").text
    assert "Read as" not in reader.get(f"/ui/plugins/{kinds}.log.Log").text


def test_the_first_flow_runs_in_one_click_and_a_folder_of_flows_is_imported(world: World, reader: Reader) -> None:
    place = reader.moves("/ui/welcome", data={"do": "run"})
    assert place.startswith("/ui/executions/company.team/hello/")
    assert world.api.state(place.rpartition("/")[2]) == "SUCCESS"
    log = f"tasks: [{{id: a, type: {LOG}, message: a}}]"
    files = [
        (BytesIO(f"id: {name}\nnamespace: folder\n{log}".encode()), f"flows/{name}.{end}")
        for name, end in (("one", "yaml"), ("two", "yml"))
    ]
    files.append((BytesIO(b"# nothing"), "flows/readme.md"))
    assert reader.moves("/ui/welcome", data={"folder": files}) == "/ui/flows"
    assert {each["id"] for each in world.api.get("/flows/search?namespace=folder")["results"]} == {"one", "two"}
    nothing = reader.post("/ui/welcome", data={"folder": (BytesIO(b"x"), "flows/readme.md")})
    assert (nothing.status_code, "holds no file" in nothing.get_data(as_text=True)) == (422, True)


class Kept(EnvironmentSecrets):
    """Secrets that can be written."""

    is_writable = True

    def listed(self) -> list[SecretName]:
        return [SecretName(name, "Secret Manager", text) for name, (_, text) in sorted(self.kept.items())]

    kept: ClassVar[dict[str, tuple[str, str]]] = {}

    def put(self, key: str, value: str, description: str = "") -> None:
        if " " in key:
            raise ValueError(f"'{key}' is not a secret's name")
        self.kept[key.upper()] = value, description

    def delete(self, key: str) -> None:
        if self.kept.pop(key, None) is None:
            raise NotFoundError(f"there is no secret '{key}'")


def test_secrets_are_made_and_removed_where_they_can_be_and_never_shown(world: World, reader: Reader) -> None:
    page = "/ui/namespaces/edit/company.team/secrets"
    assert "SECRET_NAME" in reader.get(page).text
    assert "manage_secrets" in reader.post(page, data={"key": "K", "value": "v"}).get_data(as_text=True)
    parts = replace(world.api.rt, services=replace(world.api.rt.services, secrets=Kept({})))
    there = world.reader(replace(world.site, parts=parts))
    assert there.moves(page, data={"key": "token", "value": "hidden-1", "description": "for the shop"}) == page
    assert Kept.kept == {"TOKEN": ("hidden-1", "for the shop")}
    text = there.client.get(page).get_data(as_text=True)
    assert "for the shop" in text
    assert "Secret Manager" in text
    assert "hidden-1" not in text
    refused = there.post(page, data={"key": "a b", "value": "hidden-2"})
    assert (refused.status_code, "hidden-2" in refused.get_data(as_text=True)) == (422, False)
    assert there.client.get("/api/v1/main/secrets").json == {
        "readOnly": False,
        "results": [{"key": "TOKEN", "description": "for the shop", "source": "Secret Manager", "tags": []}],
        "total": 1,
    }
    (remove,) = [each for each in there.get(page).all("form") if "DELETE" in each.attributes["action"]]
    there.moves(remove.attributes["action"])
    assert Kept.kept == {}
    gone = there.client.delete("/api/v1/main/namespaces/t/secrets/TOKEN", headers={"Sec-Fetch-Site": "same-origin"})
    assert gone.status_code == 404


def test_the_overview_of_a_namespace_has_its_description_and_how_it_goes(world: World, reader: Reader) -> None:
    world.api.does("PUT", "/namespaces/company.team", json={"description": "Ours: **shop**. <script>alert(1)</script>"})
    response = reader.client.get("/ui/namespaces/edit/company.team")
    text = response.get_data(as_text=True)
    assert "<strong>shop</strong>" in text
    assert "<script>alert(1)" not in text
    page = reader.get("/ui/namespaces/edit/company.team")
    assert "Latest failures" in page.text
    assert "In progress" in page.text
    assert "company.team.shown" in page.text
    assert "Latest failures" not in reader.get("/ui/namespaces/edit/company.nothing").text


def test_it_is_said_whether_access_is_open_or_left_to_somebody_else(world: World, reader: Reader) -> None:
    assert "Open access" in reader.get("/ui/flows").text
    guarded = world.reader(replace(world.site, guarded=True)).get("/ui/flows").text
    assert ("Access is left to IAM" in guarded, "Open access" in guarded) == (True, False)
    closed = world.reader(replace(world.site, credentials=("ada", "secret"))).get("/ui/login").text
    assert "Open access" not in closed
    assert "TIERCEL_PASSWORD" in closed
