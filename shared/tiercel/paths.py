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


LONGEST_NAME = 180
"""Bytes of a file's name that are kept: file systems take 255."""


def file_name(text: str) -> str:
    """Return the name of a file that somebody sends as it can stand in a storage path: without folders, and short."""
    last = text.replace("\\", "/").rpartition("/")[2]
    last = "".join(each for each in last if each.isprintable())
    stem, dot, suffix = last.rpartition(".")
    ending = f"{dot}{suffix}".encode("utf-8", "ignore")[-32:] if stem else b""
    kept = (stem or last).encode("utf-8", "ignore")[: LONGEST_NAME - len(ending)] + ending
    name = kept.decode("utf-8", "ignore").strip()
    return name if name.strip(".") else "file"
