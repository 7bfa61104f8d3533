"""Holds what plugins say they give to what their runs give, in whatever test they run.

All outputs pass through three doors: a task's `run`, a trigger's look outside, and the end of a task run in the plan,
where also the engine's own outputs stand. What an execution sees as `trigger` passes through its acceptance.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tiercel import registry
from tiercel.intake import Intake
from tiercel.model.described import output_docs
from tiercel.model.plugin import Plugin, Result
from tiercel.planner.walk import Walk
from tiercel.tasks.base import RunnableTask
from tiercel.triggers.base import Trigger
from tiercel.triggers.polling import PollingTrigger

undeclared: list[str] = []
"""What was given and not declared since somebody looked last."""


def watch() -> None:
    """Look at everything that is given from now on; plugins that are loaded already are not looked at."""
    assert not RunnableTask.__subclasses__(), "a plugin was loaded before anybody could look at it"
    _watch_method(RunnableTask, "run")
    _watch_method(PollingTrigger, "poll")
    _watch_ends()
    _watch_starts("accept")
    _watch_starts("fail")


def _watch_method(base: type[Plugin], name: str) -> None:
    """Have a method of all subclasses of a plugin looked at."""

    def begin(cls: type[Plugin], /, **more: Any) -> None:
        super(base, cls).__init_subclass__(**more)
        method = cls.__dict__.get(name)
        if method is not None:
            setattr(cls, name, _looked_at(method))

    base.__init_subclass__ = classmethod(begin)  # type: ignore[assignment]


def _looked_at(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def run(plugin: Plugin, *given: Any, **named: Any) -> Any:
        found = method(plugin, *given, **named)
        outputs = found.outputs if isinstance(found, Result) else found
        _look(type(plugin), outputs)
        return found

    return run


def _watch_ends() -> None:
    settle = Walk.settle

    @functools.wraps(settle)
    def looked_at(self: Walk, node: Any, run: Any, state: Any) -> None:
        settle(self, node, run, state)
        if not self.header.kind:  # the outputs of a test are its author's
            _look(node.plugin, run.outputs)

    Walk.settle = looked_at  # type: ignore[method-assign]


def _watch_starts(name: str) -> None:
    begin = getattr(Intake, name)

    @functools.wraps(begin)
    def looked_at(self: Intake, flow: Any, request: Any, *given: Any, **named: Any) -> Any:
        trigger, kind = request.trigger, request.kind
        plugin = registry.load(known.type) if trigger and (known := registry.find(trigger.type)) else None
        if not kind and plugin is not None and issubclass(plugin, Trigger):
            _look(plugin, trigger.variables)
        return begin(self, flow, request, *given, **named)

    setattr(Intake, name, looked_at)


def _look(plugin: type[Plugin], given: object) -> None:
    if not isinstance(given, Mapping) or not plugin.__module__.startswith("tiercel.") or plugin.gives.others:
        return
    more = _more(plugin, given)
    if more:
        undeclared.append(f"{plugin.__module__}.{plugin.__name__} gives {more} and does not say so: see its `gives`")


def _more(plugin: type[Plugin], given: Iterable[object]) -> list[str]:
    return sorted(str(name) for name in given if name not in output_docs(plugin))
