"""The shell lines that people are told to run: a shell can read them, and what they name is there."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from infra.checking import ROOT

GUIDE = (ROOT / "docs" / "deploy.md").read_text()
WORKFLOW = yaml.safe_load((ROOT / "docs" / "examples" / "deploy.yml").read_text())
SOURCES = "".join(path.read_text() for path in (ROOT / "infra").glob("*.tf"))


def _blocks() -> list[str]:
    return re.findall(r"^```\n(.*?)^```", GUIDE, re.M | re.S)


def _steps() -> list[str]:
    """Return what the workflow runs, with its own expressions filled in."""
    found = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    return [re.sub(r"\$\{\{.*?\}\}", "value", each) for each in found]


@pytest.mark.parametrize("lines", [*_blocks(), *_steps()])
def test_a_shell_can_read_them(lines: str) -> None:
    done = subprocess.run(["bash", "-n"], input=lines, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_some_of_each() -> None:
    assert len(_blocks()) > 4
    assert len(_steps()) > 6


def test_every_output_that_is_named_is_there() -> None:
    texts = [GUIDE, *_steps(), (ROOT / "Makefile").read_text()]
    named = {name for text in texts for name in re.findall(r"output -raw (\w+)", text)}
    assert len(named) > 3
    assert [name for name in sorted(named) if f'output "{name}" {{' not in SOURCES] == []


def test_every_target_that_is_named_is_there() -> None:
    rules = (ROOT / "Makefile").read_text()
    named = {name for text in [GUIDE, *_steps()] for name in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M)}
    assert {"deploy", "destroy", "package"} <= named
    assert [name for name in sorted(named) if f"\n{name}:" not in rules] == []


def test_every_variable_of_the_example_is_there() -> None:
    example = (ROOT / "infra" / "terraform.tfvars.example").read_text()
    named = set(re.findall(r"^#? ?(\w+)\s+=", example, re.M))
    declared = set(re.findall(r'^variable "(\w+)"', SOURCES, re.M))
    assert named == declared - {"packages"}
