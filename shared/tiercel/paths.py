"""Where files lie in the internal storage (flow specification, 10.1)."""

from __future__ import annotations

import re
import unicodedata


def slug(text: str) -> str:
    """Return a name as it stands in a storage path: lower case letters, digits and single dashes."""
    plain = unicodedata.normalize("NFD", re.sub(r"\s", "-", text))
    plain = re.sub(r"[^\w-]", "", plain).replace("_", "-")
    return re.sub(r"-+", "-", plain).strip("-").lower()


def namespace_folder(namespace: str) -> str:
    """Return the folder of a namespace, without slashes around it."""
    return namespace.replace(".", "/")


def execution_folder(namespace: str, flow_id: str, execution: str) -> str:
    """Return the URI of an execution's folder, with a slash at its end."""
    return f"kestra:///{namespace_folder(namespace)}/{slug(flow_id)}/executions/{execution}/"


def task_folder(namespace: str, flow_id: str, execution: str, task: str, run_id: str) -> str:
    """Return the URI of a task run's folder, with a slash at its end."""
    return f"{execution_folder(namespace, flow_id, execution)}tasks/{slug(task)}/{run_id}/"
