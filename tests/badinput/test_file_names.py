"""Names of files that lead elsewhere: refused, and nothing outside is read or written."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from badinput.flows import errors, flow, log, shell, task
from cli.calling import Cli

WHERE = [{"id": "where", "type": "STRING"}]
PRIVATE = "nobody may read this"


@pytest.mark.parametrize("where", ["../x", "a/../../x", "a/..", "..", "/tmp/x", "./../x"])
def test_an_input_file_outside_the_working_directory_is_refused(where: str, cli: Cli) -> None:
    path = cli.file("a.yaml", flow(shell("x", "true", inputFiles={"{{ inputs.where }}": "content"}), inputs=WHERE))
    execution = cli.json("run", path, "--input", f"where={where}", code=1)
    assert f"the path '{where}' is refused: wanted a path inside the working directory" in errors(execution, "x")[0]


@pytest.mark.parametrize(
    "where",
    ["../private", "{private}", "../**", "link", "folder/private", "folder/**", "**", "regex:.*", "*/../private"],
)
def test_an_output_file_outside_the_working_directory_is_not_kept(
    where: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not match is left out (plugin specification, 2.6), and outside nothing matches."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    private = tmp_path / "private"
    private.write_text(PRIVATE)
    script = f"ln -s {private} link; ln -s {tmp_path} folder; echo ok > ok"
    path = cli.file("a.yaml", flow(shell("x", script, outputFiles=["{{ inputs.where }}"]), inputs=WHERE))
    execution = cli.json("run", path, "--input", f"where={where.format(private=private)}")
    kept = execution["taskRunList"][0]["outputs"]["outputFiles"]
    assert set(kept) <= {"ok"}
    assert not [file for file in (cli.store / "objects").rglob("*") if file.is_file() and PRIVATE in file.read_text()]


URIS = [
    "kestra:///../encryption.key",
    "kestra:///tests/../../encryption.key",
    "kestra:///tests/bad/../../../tiercel.db",
    "kestra://../encryption.key",
    "kestra:///%2e%2e/encryption.key",
    "kestra:///.incoming/x",
    "nsfile:///../../encryption.key",
    "nsfile://../../encryption.key",
    "../encryption.key",
    "/etc/hostname",
    "file:///etc/hostname",
]


@pytest.mark.parametrize("where", URIS)
def test_a_uri_that_leads_out_of_the_storage_is_refused_wherever_it_stands(where: str, cli: Cli) -> None:
    uri = "{{ inputs.where }}"
    tasks = [
        log("read", "{{ read(inputs.where) }}"),
        log("size", "{{ fileSize(inputs.where) }}"),
        shell("place", "cat in.txt", inputFiles={"in.txt": uri}),
        task("concat", "storage.Concat", files=[uri]),
        task("delete", "storage.Delete", uri=uri, errorOnMissing=True),
        task("split", "storage.Split", **{"from": uri}),
    ]
    may_fail = [{**each, "allowFailure": True} for each in tasks]
    execution = cli.json("run", cli.file("a.yaml", flow(*may_fail, inputs=WHERE)), "--input", f"where={where}")
    found = {run["taskId"]: run["state"]["current"] for run in execution["taskRunList"]}
    if where.startswith(("kestra://", "nsfile://")):
        assert set(found.values()) == {"WARNING"}, found
    else:  # a plain text is content for an inputFile
        assert {state for name, state in found.items() if name != "place"} == {"WARNING"}, found
    assert (cli.store / "encryption.key").exists()
    key = (cli.store / "encryption.key").read_text().strip()
    assert key not in str(execution)
    said = cli.on_store("files", "cat", where)
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize("where", ["../x.txt", "a/../../x.txt", "..", "/../x"])
def test_a_namespace_file_outside_its_namespace_is_refused(where: str, cli: Cli) -> None:
    upload = task("x", "namespace.UploadFiles", namespace="tests", filesMap={"{{ inputs.where }}": "{{ inputs.file }}"})
    inputs = [*WHERE, {"id": "file", "type": "FILE"}]
    path = cli.file("a.yaml", flow(upload, inputs=inputs))
    data = cli.file("data.txt", "data")
    execution = cli.json("run", path, "--input", f"where={where}", "--input", f"file={data}", code=1)
    assert where.strip("/") in errors(execution, "x")[0]
    before = {"tiercel.db", "encryption.key", "owners", "objects", "tiercel.db-wal", "tiercel.db-shm"}
    assert {path.name for path in cli.store.iterdir()} <= before
    assert not [file for file in (cli.store / "objects").rglob("x*") if file.is_file()]


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/tmp/out"])
def test_a_flow_or_namespace_with_such_a_name_is_refused(name: str, cli: Cli) -> None:
    for field in ({"id": name}, {"namespace": name}):
        said = cli.on_store("run", cli.file("a.yaml", flow(log("x"), **field)))
        assert said.code == 2
        assert name in said.err
    assert not cli.store.exists()
