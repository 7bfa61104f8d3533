"""What a form writes out, as curl and as Python: run as it stands, it starts the execution that the form means."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from clients.flows import Place, T
from serving import Server

INPUTS = """
inputs:
  - {id: text, type: STRING}
  - {id: number, type: INT, required: false}
  - {id: sure, type: BOOL}
  - {id: several, type: MULTISELECT, values: [a, b c]}
  - {id: object, type: JSON}
  - {id: at, type: DATETIME}
  - {id: table, type: FILE}
  - {id: the-key, type: SECRET}
  - {id: hidden, type: STRING, required: false, dependsOn: {inputs: [sure], condition: "{{ not inputs.sure }}"}}
tasks:
  - {id: give, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs['the-key'] }}"}
"""
TEXT = 'it\'s "quoted" $HOME \\ @x; a\nsecond line'
GIVEN = {"text": TEXT, "number": "7", "sure": "true", "several": ["a", "b c"], "object": '{"k": [1, null, true]}'}
FORM = {**GIVEN, "at": "2026-05-01T08:00", "the-key": "hidden from all", "_labels": "who:me too", "_do": "look"}


@pytest.fixture
def written(place: Place, server: Server) -> dict[str, str]:
    """Return what the form writes out once it is filled in, by language."""
    place.deploy(INPUTS)
    address = f"{server.url}/ui/flows/execute/{place.namespace}/f"
    page = httpx.post(address, data=FORM, files={"table": ("a table.csv", b"not sent yet")})
    assert page.status_code == 200, page.text
    assert "hidden from all" not in page.text
    found = re.findall(r'<pre [^>]*aria-label="(\w+)">(.*?)</pre>', page.text, re.DOTALL)
    return {language: html.unescape(text) for language, text in found}


@pytest.fixture(autouse=True)
def _beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put beside the commands what they name."""
    (tmp_path / "a table.csv").write_bytes(b"a,b\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INPUT_THE_KEY", "hidden from all")


def check(place: Place, execution: str) -> None:
    """Assert that an execution has what the form says."""
    ended = place.when(execution, "SUCCESS")
    inputs = dict(ended.inputs or {})
    table = inputs.pop("table")
    assert place.client.executions.download_file_from_execution(execution, table, T) == b"a,b\n"
    assert "hidden" not in str(inputs.pop("the-key"))
    assert inputs.pop("hidden", None) is None
    assert inputs == {
        "text": TEXT,
        "number": 7,
        "sure": True,
        "several": ["a", "b c"],
        "object": {"k": [1, None, True]},
        "at": "2026-05-01T08:00:00Z",
    }
    assert ("who", "me too") in [(each.key, each.value) for each in ended.labels or []]


def test_the_python_that_a_form_writes_out_runs_with_the_official_client(
    place: Place, written: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(written["Python"], "written.py", "exec"), {})
    check(place, capsys.readouterr().out.strip())


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_command_that_a_form_writes_out_runs_in_a_shell(place: Place, written: dict[str, str]) -> None:
    done = subprocess.run(["sh", "-c", written["cURL"]], capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r'"id":"(\w+)"', done.stdout)
    assert found, done.stdout
    check(place, found[1])
