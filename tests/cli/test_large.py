"""A large execution is written task run by task run."""

import json
import subprocess
import sys
from pathlib import Path

from cli.calling import Cli

LOOP = """
id: wide
namespace: test
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    concurrencyLimit: 0
    values: "{{ range(1, 10000) }}"
    tasks:
      - {id: step, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
"""

MEASURED = """
import resource, subprocess, sys
with open(sys.argv[1], "wb") as file:
    subprocess.run(sys.argv[2:], stdout=file, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_ten_thousand_task_runs_are_shown_in_bounded_memory(cli: Cli, tmp_path: Path) -> None:
    run = cli("run", cli.file("wide.yaml", LOOP), "--store", str(cli.store), "--output", "json", "--quiet")
    execution = json.loads(run.out)
    assert len(execution["taskRunList"]) == 10_001
    target = tmp_path / "shown.json"
    get = [sys.executable, "-m", "tiercel.cli", "executions", "get", execution["id"], "--store", str(cli.store)]
    command = [sys.executable, "-c", MEASURED, str(target), *get, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    shown = json.loads(target.read_bytes())
    assert shown == execution
    assert int(done.stdout) < 200, "MiB resident, at most"
