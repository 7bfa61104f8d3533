"""From a repository into the installation: `io.kestra.plugin.git.SyncFlows`, `SyncFlow` and `SyncNamespaceFiles`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from tiercel.errors import FlowError, NotFoundError, TaskError
from tiercel.flowfile import parse_flow
from tiercel.flowfile.rewriting import with_namespace
from tiercel.flows import FlowRecord, FlowStore, stored_source
from tiercel.model.flow import Flow
from tiercel.model.plugin import Outputs, Rendered
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.core.services import files_of, flows_of
from tiercel.tasks.git.base import GitTask
from tiercel.tasks.git.snapshots import snapshot

_YAML = (".yaml", ".yml")
SyncState = Literal["ADDED", "UPDATED", "OVERWRITTEN", "UNCHANGED", "DELETED"]


class SyncTask(GitTask):
    """A repository that is the source of truth."""

    branch: Rendered[str] = "main"
    """The branch that is read."""
    dry_run: Rendered[bool] = False
    """Whether nothing is changed: the file of differences is written all the same."""
    kestra_url: Rendered[str | None] = None
    """Accepted and not used: flows and files are reached from inside."""
    auth: dict[str, Any] | None = Field(None, repr=False)
    """Accepted and not used."""


@dataclass(frozen=True)
class Written:
    """A flow as the repository has it."""

    path: str
    """In the repository."""
    flow: Flow


class FlowDifferences(Outputs):
    """What SyncFlows gives."""

    flows: str
    """The URI of a file with a line for each flow: its path, what became of it, and its revision."""


class SyncFlows(SyncTask):
    """Make the flows of a namespace what a directory of a repository says."""

    gives = FlowDifferences

    target_namespace: Rendered[str]
    """The namespace of the flows, whatever their sources say."""
    git_directory: Rendered[str] = "_flows"
    """The directory with the flows: a YAML file for each."""
    include_child_namespaces: Rendered[bool] = False
    """Whether directories inside it are namespaces below the target."""
    delete: Rendered[bool] = False
    """Whether flows are deleted that the repository does not have; never the one that runs."""
    ignore_invalid_flows: Rendered[bool] = False
    """Whether a file that is no valid flow is left out with a warning; otherwise nothing is changed."""
    fail_on_missing_directory: Rendered[bool] = True
    """Whether the task fails where there is no such directory; otherwise it holds no flows."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return `flows`, the file of differences.

        Raises:
            TaskError: The repository cannot be read, a flow is wrong, or stands there twice.
        """
        flows = flows_of(ctx)
        with snapshot(ctx, self.url, self.branch, self.access) as found:
            files = found.files(self.git_directory)
        if files is None and self.fail_on_missing_directory:
            raise TaskError(
                f"branch '{self.branch}' has no directory '{self.git_directory}': name another with gitDirectory, or "
                "write failOnMissingDirectory: false",
                retryable=False,
            )
        written = self._read(ctx, files or {})
        gone = list(self._gone(ctx, flows, written)) if self.delete else []
        differences = [self._compared(flows, each) for each in written] + [self._removed(each) for each in gone]
        if not self.dry_run:
            flows.replace((each.flow for each in written), ((each.namespace, each.id) for each in gone))
        differences.sort(key=lambda each: str(each["gitPath"]))
        uri, _ = records.store(ctx, differences, "diff.ion")
        return {"flows": uri}

    def _read(self, ctx: RunContext, files: Mapping[str, bytes]) -> list[Written]:
        """Return the flows of the files.

        Raises:
            TaskError: One is wrong, or two are the same; nothing was changed.
        """
        written: dict[tuple[str, str], Written] = {}
        wrong: list[str] = []
        for path, content in files.items():
            folder, _, name = path.rpartition("/")
            if not name.endswith(_YAML) or (folder and not self.include_child_namespaces):
                continue
            namespace = ".".join([self.target_namespace, *folder.split("/")] if folder else [self.target_namespace])
            place = self._place(path)
            try:
                flow = flow_of(content, namespace, place)
            except FlowError as error:
                wrong += str(error).splitlines()
                continue
            former = written.setdefault((namespace, flow.id), Written(place, flow))
            if former.path != place:
                text = f"the flow '{namespace}.{flow.id}' stands in {former.path} and in {place}; remove one of them"
                raise TaskError(text, retryable=False)
        if wrong and not self.ignore_invalid_flows:
            raise TaskError("nothing was changed, for these are no valid flows:\n" + "\n".join(wrong), retryable=False)
        for line in wrong:
            ctx.log(f"left out: {line}", Level.WARN)
        return list(written.values())

    def _gone(self, ctx: RunContext, flows: FlowStore, written: Iterable[Written]) -> Iterator[FlowRecord]:
        """Yield the flows that the repository does not have."""
        kept = {(each.flow.namespace, each.flow.id) for each in written} | {(ctx.namespace, ctx.flow_id)}
        below = f"{self.target_namespace}."
        for record in flows.all(None if self.include_child_namespaces else self.target_namespace):
            is_ours = record.namespace == self.target_namespace or record.namespace.startswith(below)
            if is_ours and (record.namespace, record.id) not in kept:
                yield record

    def _place(self, path: str) -> str:
        folder = self.git_directory.strip("/")
        return f"{folder}/{path}" if folder not in ("", ".") else path

    def _compared(self, flows: FlowStore, written: Written) -> dict[str, object]:
        flow = written.flow
        state, revision = compared(flows, flow)
        return _difference(written.path, state, flow.namespace, flow.id, revision)

    def _removed(self, record: FlowRecord) -> dict[str, object]:
        child = record.namespace.removeprefix(self.target_namespace).strip(".").replace(".", "/")
        path = self._place(f"{child}/{record.id}.yml" if child else f"{record.id}.yml")
        return _difference(path, "DELETED", record.namespace, record.id, record.revision + 1)


class StoredFlow(Outputs):
    """What SyncFlow gives."""

    flow_id: str
    """The flow's id."""
    namespace: str
    """Its namespace."""
    revision: int
    """Its revision: with `dryRun` the one it would have."""


class SyncFlow(SyncTask):
    """Store one flow of a repository."""

    gives = StoredFlow

    target_namespace: Rendered[str]
    """The namespace of the flow, whatever its source says."""
    flow_path: Rendered[str]
    """The flow's file in the repository."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the flow's `flowId`, `namespace` and `revision`.

        Raises:
            TaskError: The repository cannot be read, there is no such file, or it is no valid flow.
        """
        folder, _, name = self.flow_path.strip("/").rpartition("/")
        with snapshot(ctx, self.url, self.branch, self.access) as found:
            content = (found.files(folder) or {}).get(name)
        if content is None:
            raise TaskError(f"branch '{self.branch}' has no file '{self.flow_path}'", retryable=False)
        try:
            flow = flow_of(content, self.target_namespace, self.flow_path)
        except FlowError as error:
            raise TaskError(str(error), retryable=False) from None
        _, revision = compared(flows_of(ctx), flow)
        if not self.dry_run:
            revision = flows_of(ctx).deploy(flow).revision
        return {"flowId": flow.id, "namespace": flow.namespace, "revision": revision}


def flow_of(content: bytes, namespace: str, path: str) -> Flow:
    """Return the flow of a file, in a namespace.

    Raises:
        FlowError: It is no valid flow.
    """
    flow = parse_flow(content, source=path)
    return flow if flow.namespace == namespace else parse_flow(with_namespace(flow.source, namespace), source=path)


def compared(flows: FlowStore, flow: Flow) -> tuple[SyncState, int]:
    """Return what storing a flow would change, and the revision that it would have."""
    try:
        record: FlowRecord | None = flows.record(flow.namespace, flow.id, allow_deleted=True)
    except NotFoundError:
        record = None
    is_there = record is not None and not record.deleted
    if record is not None and is_there and record.source == stored_source(flow):
        return "UNCHANGED", record.revision
    return ("UPDATED" if is_there else "ADDED"), 1 if record is None else record.revision + 1


def _difference(path: str, state: SyncState, namespace: str, flow_id: str, revision: int) -> dict[str, object]:
    return {"gitPath": path, "syncState": state, "flowId": flow_id, "namespace": namespace, "revision": revision}


class FileDifferences(Outputs):
    """What SyncNamespaceFiles gives."""

    files: str
    """The URI of a file with a line for each file: its path, and what became of it."""


class SyncNamespaceFiles(SyncTask):
    """Make the files of a namespace what a directory of a repository says."""

    gives = FileDifferences

    namespace: Rendered[str | None] = None
    """The namespace; by default that of the flow."""
    git_directory: Rendered[str] = "_files"
    """The directory with the files."""
    delete: Rendered[bool] = False
    """Whether files are deleted that the repository does not have."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return `files`, the file of differences.

        Raises:
            TaskError: The repository cannot be read, or has no such directory.
        """
        with snapshot(ctx, self.url, self.branch, self.access) as found:
            wanted = found.files(self.git_directory)
        if wanted is None:
            raise TaskError(f"branch '{self.branch}' has no directory '{self.git_directory}'", retryable=False)
        namespace = self.namespace or ctx.namespace
        states = {path: self._write(ctx, namespace, path, content) for path, content in wanted.items()}
        if self.delete:
            for file in list(files_of(ctx).list(namespace)):
                if file.path not in wanted:
                    states[file.path] = "DELETED"
                    if not self.dry_run:
                        files_of(ctx).delete(namespace, file.path)
        folder = self.git_directory.strip("/")
        differences = [
            {"gitPath": f"{folder}/{path}", "syncState": state, "kestraPath": f"/{path}"}
            for path, state in sorted(states.items())
        ]
        uri, _ = records.store(ctx, differences, "diff.ion")
        return {"files": uri}

    def _write(self, ctx: RunContext, namespace: str, path: str, content: bytes) -> SyncState:
        files = files_of(ctx)
        try:
            with files.read(namespace, path) as file:
                state: SyncState = "UNCHANGED" if file.read() == content else "OVERWRITTEN"
        except NotFoundError:
            state = "ADDED"
        except ValueError as error:
            raise TaskError(str(error), retryable=False) from None
        if state != "UNCHANGED" and not self.dry_run:
            files.write(namespace, path, content)
        return state
