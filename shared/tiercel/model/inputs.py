"""The inputs and outputs that a flow declares, and what is wrong with a list of them (flow specification, 1.7 to 3.5).

Promise: paths of problems are relative to the list (`inputs[0].validator`), so that a loader can add lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import ConfigDict, Field, ValidationError

from tiercel.errors import Problem
from tiercel.model.input_base import ID_PATTERN, Input, InputBase, ValueType, parse_input
from tiercel.model.input_groups import INPUT_TYPES, OLD_TYPES, FormInput, checked
from tiercel.model.plugin import Plugin

__all__ = [
    "INPUT_TYPES",
    "OLD_TYPES",
    "FlowOutput",
    "Input",
    "InputBase",
    "check_inputs",
    "check_outputs",
    "checked",
    "dependencies",
    "flat_inputs",
    "input_notices",
    "parse_input",
    "parse_inputs",
    "path_of",
]


class FlowOutput(Plugin):
    """A value that an execution gives at its end."""

    model_config = ConfigDict(populate_by_name=False, defer_build=True)

    id: str = Field(pattern=ID_PATTERN)
    """The name."""
    type: ValueType | None = None
    """What the rendered value is converted to; without it, it stays as it is."""
    value: object
    """The value: an expression, or a structure of them."""
    description: str | None = None
    """What the output is, as Markdown."""
    display_name: str | None = Field(None, max_length=64)
    """What pages show instead of the id."""
    required: bool = True
    """Whether a value that cannot be rendered is an error; else it is null."""


def path_of(identifier: str) -> tuple[str, ...]:
    """Return the keys under which the value of a dotted id stands."""
    return tuple(identifier.rstrip(".").split("."))


def flat_inputs(inputs: Sequence[InputBase]) -> Iterator[tuple[str, InputBase, FormInput | None]]:
    """Yield every input that has a value, with its whole id and the form around it."""
    for declared in inputs:
        if isinstance(declared, FormInput):
            for child in declared.inputs:
                yield f"{declared.id}.{child.id}", child, declared
        else:
            yield declared.id, declared, None


def dependencies(declared: InputBase, form: FormInput | None, known: Collection[str]) -> set[str]:
    """Return the whole ids of the inputs that one depends on, those of its form included; unknown ones as written."""
    wanted = declared.depends_on.inputs if declared.depends_on else ()
    if form is None:
        return set(wanted)
    own = {name if name in known else f"{form.id}.{name}" for name in wanted}
    return own | set(form.depends_on.inputs if form.depends_on else ())


def check_inputs(inputs: Sequence[InputBase], at: str = "inputs") -> list[Problem]:
    """Return what is wrong with a list of inputs that are each right by themselves.

    Args:
        inputs: The inputs, in the order of the flow.
        at: The property that holds them.
    """
    places = {declared.id: f"{at}[{index}]" for index, declared in reversed(list(enumerate(inputs)))}
    problems = _duplicates([declared.id for declared in inputs], "input", at)
    for declared in inputs:
        if isinstance(declared, FormInput):
            problems += _duplicates([child.id for child in declared.inputs], "input", f"{places[declared.id]}.inputs")
    problems += _prefixes(inputs, places)
    problems += _dependency_problems(inputs, places)
    return problems


def input_notices(inputs: Sequence[InputBase], at: str = "inputs") -> list[Problem]:
    """Return what is doubtful in a list of inputs, yet accepted: flows from before 1.0 have it."""
    notices = []
    for index, declared in enumerate(inputs):
        place = f"{at}[{index}]"
        if not declared.required and declared.defaults is not None:
            message = "'required: false' says nothing where there are 'defaults': remove one of them"
            notices.append(Problem(message, f"{place}.required"))
        if isinstance(declared, FormInput):
            notices += input_notices(declared.inputs, f"{place}.inputs")
    return notices


def check_outputs(outputs: Sequence[FlowOutput], at: str = "outputs") -> list[Problem]:
    """Return what is wrong with a list of outputs that are each right by themselves."""
    return _duplicates([output.id for output in outputs], "output", at)


def _duplicates(names: list[str], word: str, at: str) -> list[Problem]:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
    if not twice:
        return []
    last = len(names) - 1 - names[::-1].index(twice[0])
    return [Problem(f"Duplicate {word} with name [{', '.join(twice)}]", f"{at}[{last}].id")]


def _prefixes(inputs: Sequence[InputBase], places: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each input below another one's value: `a` and `a.b`."""
    whole = {path_of(identifier): (form or declared).id for identifier, declared, form in flat_inputs(inputs)}
    problems = []
    for path, name in whole.items():
        above = next((whole[path[:size]] for size in range(1, len(path)) if path[:size] in whole), None)
        if above is not None:
            message = f"Input '{'.'.join(path)}' conflicts with input '{above}': it would lie inside it; rename one"
            problems.append(Problem(message, f"{places[name]}.id"))
    return problems


def _dependency_problems(inputs: Sequence[InputBase], places: Mapping[str, str]) -> list[Problem]:
    flat = list(flat_inputs(inputs))
    known = {identifier for identifier, _, _ in flat} | {declared.id for declared in inputs}
    graph: dict[str, list[str]] = {}
    problems = []
    for identifier, declared, form in flat:
        place = f"{places[(form or declared).id]}.dependsOn"
        wanted = dependencies(declared, form, known)
        graph[identifier] = sorted(wanted & known)
        problems += [
            Problem(f"Input with id '{identifier}' depends on a non-existent input '{name}'.", place)
            for name in sorted(wanted - known)
        ]
    for identifier, declared, form in flat:
        if _reaches_itself(graph, identifier):
            place = f"{places[(form or declared).id]}.dependsOn"
            problems.append(Problem(f"Cycle dependency detected for input with id {identifier}", place))
    return problems


def _reaches_itself(graph: Mapping[str, list[str]], start: str) -> bool:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return False


def parse_inputs(raw: object, at: str = "inputs") -> tuple[tuple[InputBase, ...], list[Problem]]:
    """Return the inputs that a list describes, and everything that is wrong with it.

    Args:
        raw: The list as authored; None means none.
        at: The property that holds it.
    """
    if raw is None:
        return (), []
    if not isinstance(raw, list | tuple):
        return (), [Problem("a list of inputs is wanted", at)]
    inputs: list[InputBase] = []
    problems: list[Problem] = []
    for index, item in enumerate(raw):
        found, wrong = _parse_one(item, f"{at}[{index}]")
        problems += wrong
        inputs += [found] if found else []
    return tuple(inputs), problems or check_inputs(inputs, at)


def _parse_one(item: object, at: str) -> tuple[InputBase | None, list[Problem]]:
    try:
        found = parse_input(item)
    except ValidationError as error:
        return None, [Problem(_text(line["msg"], line["type"]), _place(at, line["loc"])) for line in error.errors()]
    except ValueError as error:
        return None, [Problem(str(error), f"{at}.type")]
    if isinstance(found, InputBase):
        return found, []
    return None, [Problem("a map is wanted, with id and type", at)]


def _text(message: str, kind: str) -> str:
    if kind == "extra_forbidden":
        return "Unrecognized field: this input has no such property"
    return message.removeprefix("Value error, ")


def _place(at: str, keys: Sequence[int | str]) -> str:
    return at + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
