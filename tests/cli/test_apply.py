"""`tiercel apply`: a plan, then what it says, on a store and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.calling import Cli, Said, flow
from tiercel.api.app import Application
from tiercel.api.site import Site
from tiercel.cli.httpserver import serving
from tiercel.emulation.children import free_port
from tiercel.runtime import Runtime, embedded

LOG = "id: a, type: io.kestra.plugin.core.log.Log, message: {}"


class Folder:
    """A folder of flows, applied to one place."""

    def __init__(self, cli: Cli, *place: str) -> None:
        self.cli, self.place = cli, place

    def write(self, name: str, *ids: str, message: str = "x") -> None:
        """Write a file with some flows."""
        self.cli.file(f"flows/{name}", "---\n".join(flow(LOG.format(message), name=each) for each in ids))

    def apply(self, *options: str) -> Said:
        """Apply the folder."""
        return self.cli("apply", str(self.cli.folder / "flows"), *self.place, *options)

    def changes(self, *options: str) -> dict[str, str]:
        """Apply the folder; return what became of which flow."""
        said = self.apply(*options, "--output", "json")
        assert said.code == 0, said.err
        return {change["id"]: change["action"] for change in said.json["changes"]}


@pytest.fixture
def served(cli: Cli) -> Iterator[tuple[Runtime, str]]:
    """Serve a store at an address of this machine, with a password and a token."""
    port = free_port()
    with embedded(cli.folder / "served") as runtime:
        site = Site(runtime, credentials=("ada", "secret"), token="t0ken")
        with serving(Application(site), "127.0.0.1", port):
            yield runtime, f"http://127.0.0.1:{port}"


@pytest.fixture(params=["store", "server"])
def folder(request: pytest.FixtureRequest, cli: Cli) -> Folder:
    """Give a folder of flows, and a place for them: a store, then a server."""
    if request.param == "store":
        return Folder(cli, "--store", str(cli.store))
    return Folder(cli, "--to", request.getfixturevalue("served")[1], "--user", "ada", "--password", "secret")


def test_what_is_new_or_differs_is_stored_and_nothing_else(folder: Folder) -> None:
    folder.write("a.yaml", "one", "two")
    folder.write("deep/b.yml", "three")
    assert folder.changes() == {"one": "create", "two": "create", "three": "create"}
    folder.write("deep/b.yml", "three", "four", message="y")
    assert folder.changes() == {"one": "unchanged", "two": "unchanged", "three": "update", "four": "create"}
    assert set(folder.changes().values()) == {"unchanged"}


def test_a_dry_run_shows_the_plan_and_does_nothing(folder: Folder) -> None:
    folder.write("a.yaml", "one")
    said = folder.apply("--dry-run")
    assert said.code == 0
    assert f"create     tests.one  {folder.cli.folder / 'flows' / 'a.yaml'}\n" in said.out
    assert said.out.endswith("would be: 1 created; nothing was changed (--dry-run)\n")
    assert folder.changes() == {"one": "create"}


def test_only_delete_removes_what_the_folder_does_not_hold(folder: Folder) -> None:
    folder.write("a.yaml", "one", "two")
    folder.apply()
    folder.write("a.yaml", "one")
    assert "left as they are: tests.two (--delete removes them)" in folder.apply().out
    said = folder.apply("--delete")
    assert said.out.startswith("delete     tests.two\n")
    assert said.out.endswith("1 deleted, 1 unchanged\n")
    assert folder.changes("--delete") == {"one": "unchanged"}


def test_other_namespaces_are_left_alone(folder: Folder) -> None:
    folder.cli.file(
        "flows/o.yaml", flow(LOG.format("x"), name="other").replace("namespace: tests", "namespace: tests.b")
    )
    folder.apply()
    (folder.cli.folder / "flows" / "o.yaml").unlink()
    folder.write("a.yaml", "one")
    assert folder.changes("--delete") == {"one": "create"}


def test_nothing_is_changed_while_one_flow_is_wrong(folder: Folder) -> None:
    folder.write("a.yaml", "one")
    bad = [folder.cli.file(f"flows/{name}.yaml", flow("id: a, type: nothing.Such", name=name)) for name in ("b", "c")]
    said = folder.apply()
    assert said.code == 1
    assert [f"{path}:5:" in said.err for path in bad] == [True, True]
    assert said.err.endswith("nothing was changed\n")
    for path in bad:
        Path(path).unlink()
    assert folder.changes() == {"one": "create"}


def test_two_texts_of_one_flow_are_refused(folder: Folder) -> None:
    folder.write("a.yaml", "one")
    folder.write("b.yaml", "one", "two")
    said = folder.apply()
    assert said.code == 1
    assert "the flow 'tests.one' stands 2 times, in " in said.err
    assert "a.yaml, " in said.err
    assert (folder.cli.store / "tiercel.db").exists() == (folder.place[0] == "--store")


def test_tests_and_files_of_namespaces_are_no_flows(folder: Folder) -> None:
    folder.write("a.yaml", "one")
    for name in ("a.test.yaml", "_files/conf.yaml", ".git/x.yaml"):
        folder.cli.file(f"flows/{name}", "not: [a flow")
    assert folder.changes() == {"one": "create"}


def test_a_line_with_a_revision_makes_no_difference(folder: Folder) -> None:
    folder.write("a.yaml", "one")
    folder.apply()
    path = folder.cli.folder / "flows" / "a.yaml"
    path.write_text("revision: 7\n" + path.read_text())
    assert folder.changes() == {"one": "unchanged"}


def test_comments_are_part_of_the_source(folder: Folder) -> None:
    for name in ("one", "two"):
        folder.cli.file(f"flows/{name}.yaml", f"# of {name}\n\n{flow(LOG.format('x'), name=name)}# at its end\n")
    assert set(folder.changes().values()) == {"create"}
    assert set(folder.changes().values()) == {"unchanged"}


def test_the_end_of_a_file_makes_no_difference(folder: Folder) -> None:
    for name, ends in (("one", ""), ("two", "\n\n"), ("three", "")):
        folder.cli.file(f"flows/{name}.yaml", flow(LOG.format("x"), name=name).rstrip("\n") + ends)
    assert set(folder.changes().values()) == {"create"}
    assert set(folder.changes().values()) == {"unchanged"}


# ------------------------------------------------------------ a server


def test_a_server_takes_a_token(cli: Cli, served: tuple[Runtime, str], monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, url = served
    folder = Folder(cli, "--to", url)
    folder.write("a.yaml", "one")
    refused = folder.apply()
    assert refused.code == 2
    assert "does not let us in: give --user and --password, or --token" in refused.err
    monkeypatch.setenv("TIERCEL_TOKEN", "t0ken")
    assert folder.changes() == {"one": "create"}
    assert [record.id for record in runtime.flows.all()] == ["one"]


def test_what_the_server_refuses_is_told(
    cli: Cli, served: tuple[Runtime, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(cli, "--to", served[1], "--token", "t0ken")
    monkeypatch.setattr("tiercel.flowfile.reading.MAX_BYTES", 1_000_000)
    for name in ("one", "two"):
        folder.write(f"{name}.yaml", name, message="x" * 600_000)
    said = folder.apply()
    assert said.code == 1
    assert "refuses it: " in said.err
    assert list(served[0].flows.all()) == []


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("nowhere", "found 'nowhere', wanted local, http://HOST:PORT, emulators or gcp"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9 does not answer: "),
    ],
)
def test_a_place_that_is_none_is_told(cli: Cli, to: str, said: str) -> None:
    folder = Folder(cli, "--to", to)
    folder.write("a.yaml", "one")
    found = folder.apply()
    assert found.code == 2
    assert said in found.err


# ------------------------------------------------------------ what is not heard

WAITS = """
triggers:
  - {id: files, type: io.kestra.plugin.gcp.gcs.Trigger, from: "gs://inbox/in/", action: NONE}
  - {id: orders, type: io.kestra.plugin.gcp.pubsub.RealtimeTrigger, projectId: p, topic: orders}
"""


def test_a_store_hears_of_no_bucket_and_no_topic(cli: Cli) -> None:
    cli.file("flows/a.yaml", flow(LOG.format("x"), more=WAITS.strip()))
    said = Folder(cli, "--store", str(cli.store)).apply()
    assert said.code == 0
    assert "trigger 'files' of tests.one waits for the bucket 'inbox', which is not heard: a store" in said.err
    assert "trigger 'orders' of tests.one waits for the topic 'orders', which is not heard: a store" in said.err
