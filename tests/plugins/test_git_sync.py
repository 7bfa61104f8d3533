"""From repositories of this machine into the installation (plugin specification, 6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dulwich import porcelain
from dulwich.repo import Repo

from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import Runtime, embedded
from tiercel.tasks import records

GIT = "io.kestra.plugin.git."
RETURN = "{id: a, type: io.kestra.plugin.core.debug.Return, format: '%s'}"


def flow(name: str, text: str = "x", namespace: str = "anywhere") -> str:
    return f"id: {name}\nnamespace: {namespace} # by hand\ntasks:\n  - {RETURN % text}\n"


class Origin:
    """A repository with one branch, `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.repo = Repo.init(str(folder), default_branch=b"main")

    def commit(self, files: Mapping[str, str | None]) -> None:
        """Write files, or remove those that are None, and commit them."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        porcelain.add(self.repo, [str(self.folder / name) for name, text in files.items() if text is not None])
        gone = [str(self.folder / name) for name, text in files.items() if text is None]
        if gone:
            self.repo.get_worktree().stage([str(Path(name).relative_to(self.folder)) for name in gone])
        porcelain.commit(self.repo, b"x", author=b"t <t@example.com>", committer=b"t <t@example.com>")


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    found = Origin(tmp_path / "origin")
    yield found
    found.repo.close()


class Here:
    """An installation, and tasks that run in it."""

    def __init__(self, runtime: Runtime, origin: Origin) -> None:
        self.runtime, self.origin = runtime, origin
        self.logs: list[str] = []

    def run(self, task: str, **properties: object) -> Any:
        """Run a task as the flow `ops.sync`; return its outputs."""
        given = {"url": self.origin.folder.as_uri(), **properties}
        lines = "".join(f"    {name}: {_yaml(value)}\n" for name, value in given.items())
        source = f"id: sync\nnamespace: ops\ntasks:\n  - id: t\n    type: {GIT}{task}\n{lines}"
        flow = self.runtime.flows.deploy(parse_flow(source))
        execution = self.runtime.intake.accept(flow, Request()).id
        assert self.runtime.bus.wait_quiet(60)
        header = self.runtime.view.header(execution)
        runs = self.runtime.view.runs(header, None)
        self.logs = [line["message"] for line in self.runtime.view.logs(header, runs)]
        return self.runtime.view.outputs(runs[0]) if header.state == "SUCCESS" else None

    def differences(self, task: str, **properties: object) -> dict[str, str]:
        """Run a task; return what became of which path."""
        found = self.run(task, **properties)
        assert found is not None, self.logs
        with self.runtime.services.objects.open(found["files" if "Files" in task else "flows"]) as file:
            lines: list[Any] = list(records.read(file))
        paths = [line["gitPath"] for line in lines]
        assert paths == sorted(paths)
        return {line["gitPath"]: line["syncState"] for line in lines}

    def fails(self, task: str, **properties: object) -> str:
        """Run a task that must fail; return its log."""
        assert self.run(task, **properties) is None
        return "\n".join(self.logs)

    def names(self, namespace: str) -> list[str]:
        """Return the flows of a namespace."""
        return [record.id for record in self.runtime.flows.all(namespace)]


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Iterator[Here]:
    with embedded(tmp_path / "store") as runtime:
        yield Here(runtime, origin)


# ------------------------------------------------------------ flows


def test_flows_become_those_of_the_directory(here: Here) -> None:
    here.origin.commit({"_flows/a.yaml": flow("a"), "_flows/b.yml": flow("b"), "_flows/c.txt": "x", "other.yaml": "x"})
    where = {"targetNamespace": "team"}
    assert here.differences("SyncFlows", **where) == {"_flows/a.yaml": "ADDED", "_flows/b.yml": "ADDED"}
    assert here.runtime.flows.record("team", "a").source == flow("a", namespace="team")
    here.origin.commit({"_flows/a.yaml": flow("a", "y")})
    assert here.differences("SyncFlows", **where) == {"_flows/a.yaml": "UPDATED", "_flows/b.yml": "UNCHANGED"}
    assert here.runtime.flows.record("team", "a").revision == 2


def test_only_delete_removes_flows_and_never_the_one_that_runs(here: Here) -> None:
    here.origin.commit({"_flows/a.yaml": flow("a"), "_flows/b.yaml": flow("b")})
    here.run("SyncFlows", targetNamespace="ops")
    here.origin.commit({"_flows/b.yaml": None})
    here.run("SyncFlows", targetNamespace="ops")
    assert here.names("ops") == ["a", "b", "sync"]
    found = here.differences("SyncFlows", targetNamespace="ops", delete=True)
    assert found == {"_flows/a.yaml": "UNCHANGED", "_flows/b.yml": "DELETED"}
    assert here.names("ops") == ["a", "sync"]


def test_a_dry_run_changes_nothing(here: Here) -> None:
    here.origin.commit({"_flows/a.yaml": flow("a")})
    here.runtime.flows.deploy(parse_flow(flow("b", namespace="team")))
    found = here.differences("SyncFlows", targetNamespace="team", dryRun=True, delete=True)
    assert found == {"_flows/a.yaml": "ADDED", "_flows/b.yml": "DELETED"}
    assert here.names("team") == ["b"]


def test_directories_are_child_namespaces_where_that_is_asked_for(here: Here) -> None:
    here.origin.commit({"f/a.yaml": flow("a"), "f/x/y/a.yaml": flow("a")})
    where = {"targetNamespace": "team", "gitDirectory": "f"}
    assert list(here.differences("SyncFlows", **where)) == ["f/a.yaml"]
    here.runtime.flows.deploy(parse_flow(flow("z", namespace="team.x")))
    here.runtime.flows.deploy(parse_flow(flow("z", namespace="teams")))
    found = here.differences("SyncFlows", **where, includeChildNamespaces=True, delete=True)
    assert found == {"f/a.yaml": "UNCHANGED", "f/x/y/a.yaml": "ADDED", "f/x/z.yml": "DELETED"}
    assert (here.names("team.x.y"), here.names("team.x"), here.names("teams")) == (["a"], [], ["z"])


def test_what_kestraignore_names_is_left_out(here: Here) -> None:
    ignore = "drafts/\nb.yaml\n# c.yaml\n"
    files = {
        "f/.kestraignore": ignore,
        "f/b.yaml": "x",
        "f/drafts/d.yaml": "x",
        "f/c.yaml": flow("c"),
        "f/.gitkeep": "",
    }
    here.origin.commit(files)
    where = {"targetNamespace": "team", "gitDirectory": "f", "includeChildNamespaces": True}
    assert here.differences("SyncFlows", **where) == {"f/c.yaml": "ADDED"}


def test_nothing_is_changed_while_one_flow_is_wrong(here: Here) -> None:
    here.origin.commit({"_flows/a.yaml": flow("a"), "_flows/b.yaml": "id: b\ntasks: []\n"})
    said = here.fails("SyncFlows", targetNamespace="team")
    assert "nothing was changed" in said
    assert "_flows/b.yaml" in said
    assert here.names("team") == []
    assert list(here.differences("SyncFlows", targetNamespace="team", ignoreInvalidFlows=True)) == ["_flows/a.yaml"]
    assert any(line.startswith("left out: _flows/b.yaml") for line in here.logs)


def test_two_files_of_one_flow_are_refused(here: Here) -> None:
    here.origin.commit({"_flows/a.yaml": flow("a"), "_flows/b.yaml": flow("a")})
    said = here.fails("SyncFlows", targetNamespace="team")
    assert "the flow 'team.a' stands in _flows/a.yaml and in _flows/b.yaml" in said


def test_what_is_not_there_is_told(here: Here) -> None:
    assert "has no branch 'main': it is empty" in here.fails("SyncFlows", targetNamespace="team")
    here.origin.commit({"a.txt": "x"})
    assert "has no branch 'side': it has main" in here.fails("SyncFlows", targetNamespace="team", branch="side")
    assert "has no directory '_flows'" in here.fails("SyncFlows", targetNamespace="team")
    assert here.differences("SyncFlows", targetNamespace="team", failOnMissingDirectory=False) == {}
    assert "git ls-remote failed" in here.fails("SyncFlows", targetNamespace="team", url="file:///nowhere/at/all")


def test_one_flow_alone(here: Here) -> None:
    here.origin.commit({"d/a.yaml": flow("a"), "b.yaml": flow("b")})
    wanted = {"flowId": "a", "namespace": "team", "revision": 1}
    assert here.run("SyncFlow", targetNamespace="team", flowPath="d/a.yaml", dryRun=True) == wanted
    assert here.names("team") == []
    assert here.run("SyncFlow", targetNamespace="team", flowPath="d/a.yaml") == wanted
    assert here.run("SyncFlow", targetNamespace="team", flowPath="b.yaml")["flowId"] == "b"
    assert "has no file 'c.yaml'" in here.fails("SyncFlow", targetNamespace="team", flowPath="c.yaml")


# ------------------------------------------------------------ files


def test_files_become_those_of_the_directory(here: Here) -> None:
    files = here.runtime.services.files
    here.origin.commit({"_files/a.txt": "a", "_files/d/b.txt": "b", "_files/.gitignore": "x"})
    files.write("ops", "d/b.txt", b"old")
    files.write("ops", "c.txt", b"c")
    dry = here.differences("SyncNamespaceFiles", dryRun=True, delete=True)
    assert dry == {"_files/a.txt": "ADDED", "_files/c.txt": "DELETED", "_files/d/b.txt": "OVERWRITTEN"}
    assert [file.path for file in files.list("ops")] == ["c.txt", "d/b.txt"]
    assert here.differences("SyncNamespaceFiles") == {"_files/a.txt": "ADDED", "_files/d/b.txt": "OVERWRITTEN"}
    with files.read("ops", "d/b.txt") as file:
        assert file.read() == b"b"
    found = here.differences("SyncNamespaceFiles", delete=True)
    assert found == {"_files/a.txt": "UNCHANGED", "_files/c.txt": "DELETED", "_files/d/b.txt": "UNCHANGED"}
    assert [file.path for file in files.list("ops")] == ["a.txt", "d/b.txt"]


def test_links_are_left_out_and_the_namespace_may_be_another(here: Here) -> None:
    link = here.origin.folder / "_files" / "link"
    link.parent.mkdir()
    link.symlink_to("/etc/hostname")
    porcelain.add(here.origin.repo, [str(link)])
    here.origin.commit({"_files/a.txt": "a", "b.txt": "b"})
    assert here.differences("SyncNamespaceFiles", namespace="team") == {"_files/a.txt": "ADDED"}
    assert [file.path for file in here.runtime.services.files.list("team")] == ["a.txt"]
    here.origin.commit({"_files/a.txt": None})
    assert "has no directory '_files'" in here.fails("SyncNamespaceFiles", namespace="team")
