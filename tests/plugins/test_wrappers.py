"""Programs with their credentials in the environment (plugin specification, 11.1)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.tasks.scripts.wrappers import AwsCLI, TerraformCLI

PROCESS = {"type": "io.kestra.plugin.core.runner.Process"}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on PATH; what is not there is not installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "env").symlink_to(shutil.which("env") or "/usr/bin/env")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_program_that_is_not_installed_names_its_image(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(TaskError, match=r"'terraform' is not installed .* the image 'hashicorp/terraform' that has it"):
        FakeContext(tmp_path).run(TerraformCLI, commands=["terraform init"], taskRunner=PROCESS)
    with pytest.raises(TaskError, match="the image 'mine/aws' that has it"):
        FakeContext(tmp_path).run(AwsCLI, commands=["aws s3 ls"], containerImage="mine/aws")


def test_the_exit_code_of_a_plan_can_be_read(tmp_path: Path, programs: Path) -> None:
    install(programs, "terraform", "exit 2")
    with pytest.raises(TaskError, match="exit code 2") as failed:
        FakeContext(tmp_path).run(TerraformCLI, commands=["terraform plan -detailed-exitcode"], taskRunner=PROCESS)
    assert failed.value.outputs is not None
    assert failed.value.outputs["exitCode"] == 2


def test_credentials_are_variables_and_env_goes_before_them(tmp_path: Path, programs: Path) -> None:
    install(programs, "aws", "env")
    ctx = FakeContext(tmp_path)
    given = {"accessKeyId": "{{ keys.id }}", "secretKeyId": "s", "region": "eu", "outputFormat": "TEXT"}
    ctx.variables = {**ctx.variables, "keys": {"id": "k"}}
    ctx.run(AwsCLI, commands=["aws x"], taskRunner=PROCESS, env={"AWS_DEFAULT_REGION": "us"}, **given)
    found = {line for line in ctx.messages() if line.startswith("AWS_")}
    assert found == {
        "AWS_ACCESS_KEY_ID=k",
        "AWS_SECRET_ACCESS_KEY=s",
        "AWS_DEFAULT_REGION=us",
        "AWS_DEFAULT_OUTPUT=text",
    }


def test_what_before_commands_install_is_not_looked_for(tmp_path: Path, programs: Path) -> None:
    ctx = FakeContext(tmp_path)
    outputs = ctx.run(
        TerraformCLI, beforeCommands=['terraform() { echo "$@"; }'], commands=["terraform init"], taskRunner=PROCESS
    )
    assert outputs["exitCode"] == 0
    assert "init" in ctx.messages()
