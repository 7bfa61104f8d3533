"""Runs Terraform on `infra/`, with a stand-in for the provider, and reads its plans."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
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

    @property
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


def build_packages() -> None:
    """Build the zips, as `make package` does: a plan reads their hashes."""
    for name in functions():
        package.build(name, ROOT / "dist" / "functions")


def check(name: str, folder: Path, *, with_tests: bool) -> Checked:
    """Plan, apply to nothing, plan again, destroy.

    Args:
        name: The set of variables, a file beside this one.
        folder: Where the plan is written.
        with_tests: Whether `infra/tests` runs too.
    """
    plan = folder / f"{name}.json"
    variables = ROOT / "tests" / "infra" / f"{name}.tfvars"
    command = [str(TFCHECK), str(ROOT / "infra"), "--apply", "--plan-json", str(plan), "--var-file", str(variables)]
    done = subprocess.run(
        [*command, *([] if with_tests else ["--no-test"])], capture_output=True, text=True, timeout=300, check=False
    )
    return Checked(done.returncode, done.stdout + done.stderr, plan)
