"""A stand-in for Cloud Run's Admin API: it keeps the runs that are begun, and a test has their processes run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gcp.standin import answering

JOB = "projects/p/locations/l/jobs/tiercel-worker"
DAY = 86400


class Run:
    """A run of the job, which has been accepted: its variables, and how often its process has begun."""

    def __init__(self, name: str, variables: Mapping[str, str]) -> None:
        self.variables = {**variables, "CLOUD_RUN_EXECUTION": name}
        self.attempts = 0
        self.said = ""

    def begin(self, environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start its process, as Cloud Run does with the job's own variables and those of this run."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {**environment, "TIERCEL_TIMEOUT": str(DAY), **self.variables}
        own["CLOUD_RUN_TASK_ATTEMPT"] = str(self.attempts)
        self.attempts += 1
        command = [sys.executable, "-m", "tiercel.cloud.job"]
        return subprocess.Popen(
            command, env={**kept, **own}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def end(self, process: subprocess.Popen[str]) -> int:
        """Wait for a process; return its exit code."""
        try:
            self.said += process.communicate(timeout=60)[0]
        finally:
            process.kill()
        return process.returncode

    def work(self, environment: Mapping[str, str]) -> int:
        """Run a process to its end; return its exit code."""
        return self.end(self.begin(environment))


class CloudRun:
    """The API."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.refusals: list[tuple[int, str]] = []
        """Answered first, one by one."""
        self.host = ""

    def answer(self, path: str, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request."""
        assert path == f"/v2/{JOB}:run", path
        if self.refusals:
            code, status = self.refusals.pop(0)
            return code, {"error": {"code": code, "status": status, "message": f"it is {status}"}}
        (container,) = asked["overrides"]["containerOverrides"]
        name = f"tiercel-worker-{len(self.runs)}"
        self.runs.append(Run(name, {each["name"]: each["value"] for each in container["env"]}))
        return 200, {"name": "operations/1", "metadata": {"name": f"{JOB}/executions/{name}"}}


@contextmanager
def cloud_run() -> Iterator[CloudRun]:
    """Lend one that listens on this machine."""
    found = CloudRun()
    with answering(found.answer) as found.host:
        yield found
