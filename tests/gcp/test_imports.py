"""What importing the adapters costs: a function's cold start pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["google", "grpc", "requests", "functions_framework"]


@pytest.mark.parametrize("module", ["logs", "objects", "pubsub", "push", "secrets", "sending", "timers"])
def test_the_libraries_are_loaded_on_use(module: str) -> None:
    # What an installation puts into every process (namespace packages) is there before.
    code = f"import sys; before = set(sys.modules); import tiercel.adapters.gcp.{module}; "
    code += f"print(*(name for name in {HEAVY} if name in set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_naming_the_services_loads_nothing() -> None:
    code = """
import sys
from tiercel.adapters.gcp.objects import BucketObjects
from tiercel.adapters.gcp.pubsub import Publisher
from tiercel.adapters.gcp.secrets import ManagedSecrets
from tiercel.adapters.gcp.timers import CloudTasks
from tiercel.adapters.local.clock import SystemClock
BucketObjects("b").close()
Publisher(events="e", tasks="t").close()
ManagedSecrets("p", {})
CloudTasks(queue="q", url="u", clock=SystemClock()).close()
print("google.api_core" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_a_message_is_decoded_and_a_line_is_logged_without_them() -> None:
    code = """
import logging, sys
from tiercel.adapters.gcp.logs import CloudFormatter
from tiercel.adapters.gcp.push import decode
assert decode({}, b'{"message": {"data": "", "attributes": {"key": "k"}}}').delivery().key == "k"
CloudFormatter("p").format(logging.makeLogRecord({"msg": "x", "levelno": 20}))
print("google.api_core" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
