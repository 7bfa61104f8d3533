"""A task or a trigger by itself, outside of a flow, as editors check what somebody is writing."""

from __future__ import annotations

from tiercel.errors import FlowError
from tiercel.flowfile.defaults import Injected
from tiercel.flowfile.places import Report
from tiercel.flowfile.reading import decode, read
from tiercel.flowfile.tasks import Tree
from tiercel.flowfile.triggers import read_trigger
from tiercel.model.flow import MAIN


def check_part(text: str | bytes, *, trigger: bool) -> Report:
    """Return what there is to say about a task or a trigger.

    Args:
        text: YAML or JSON, one map.
        trigger: Whether it is to be a trigger.

    Raises:
        FlowError: The text is no YAML, or not one document.
    """
    documents = [each for each in read(decode(text)) if each.value is not None]
    if len(documents) != 1:
        raise FlowError(f"found {len(documents)} documents, wanted one {'trigger' if trigger else 'task'}")
    document = documents[0]
    report = Report(document, problems=list(document.problems))
    if trigger:
        read_trigger(document.value, (), report, Injected())
    else:
        Tree(report, Injected(), ("", "")).task(document.value, (), MAIN, None)
    return report
