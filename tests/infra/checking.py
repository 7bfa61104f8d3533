"""Runs Terraform on `infra/`, with a stand-in for the provider, and reads its plans."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TFCHECK = Path(os.environ.get("TIERCEL_TFCHECK", ROOT.parent / "shared" / "tools" / "tfcheck" / "tfcheck"))

sys.path.insert(0, str(ROOT / "functions"))

import package  # noqa: E402 - a script, not a part of the library


@dataclass(frozen=True)
class Checked:
    """What Terraform made of one set of variables."""

    code: int
    said: str
    plan_file: Path

    @cached_property
    def plan(self) -> dict[str, Any]:
        """The plan, as `terraform show -json` gives it."""
        found: dict[str, Any] = json.loads(self.plan_file.read_text())
        return found

    def planned(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the planned resources of a type, by their address without the type."""
        found = self.plan["planned_values"]["root_module"]["resources"]
        chosen = [each for each in found if each["type"] == kind and each["mode"] == "managed"]
        return {each["address"].removeprefix(f"{kind}."): each["values"] for each in chosen}

    def environment(self, function: str) -> dict[str, str]:
        """Return the environment variables of a function."""
        config = self.planned("google_cloudfunctions2_function")[f'function["{function}"]']["service_config"][0]
        found: dict[str, str] = config["environment_variables"]
        return found


def see_tools() -> None:
    """Skip where the tools are missing; fail where CI is."""
    missing = [] if shutil.which("terraform") else ["terraform"]
    missing += [] if TFCHECK.exists() else [str(TFCHECK)]
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI needs {' and '.join(missing)}")
    if missing:
        pytest.skip(f"{' and '.join(missing)} is not on this machine (TIERCEL_TFCHECK names tfcheck)")


def functions() -> list[str]:
    """Return the names of the functions that the code has."""
    return package.names()


def copy_into(folder: Path) -> None:
    """Copy `infra/` as it is, and build the zips beside it, as `make package` does: a plan reads their hashes.

    The checks copy the whole folder that they are told is the project: this one is small.
    """
    own = ("backend.tf", "terraform.tfvars", "tfplan", ".terraform*", "*.tfstate*")
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns(*own))
    for name in functions():
        package.build(name, folder / "dist" / "functions")


def check(name: str, folder: Path, *options: str) -> Checked:
    """Plan with a set of variables, a file beside this one; the plan is written into a folder that holds a copy.

    Args:
        name: The set of variables.
        folder: What `copy_into` has filled.
        options: More for tfcheck: `--apply`, `--no-test`.
    """
    plan = folder / f"{name}.json"
    variables = ROOT / "tests" / "infra" / f"{name}.tfvars"
    command = [str(TFCHECK), str(folder / "infra"), "--root", str(folder), "--plan-json", str(plan)]
    command += ["--var-file", str(variables), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    return Checked(done.returncode, done.stdout + done.stderr, plan)
