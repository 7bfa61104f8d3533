"""From what was supplied to what an execution stores: defaults, conditions, types, limits (flow specification, 3).

Promise: everything that is wrong is found and raised together as one `InvalidInputsError`; the order in which inputs
are declared changes nothing; what comes out can be written as JSON and resolves to itself again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tiercel.encryption import encrypted, is_encrypted
from tiercel.errors import InputError, TiercelError, TransientError
from tiercel.masking import Mask
from tiercel.model.dotted import Tree, look_up, unknown_ids
from tiercel.model.input_base import DependsOn
from tiercel.model.input_groups import FormInput
from tiercel.model.input_types import MultiselectInput, SelectInput
from tiercel.model.inputs import FlowOutput, InputBase, checked, dependencies, flat_inputs, path_of
from tiercel.model.plugin import text_of
from tiercel.model.structures import plain
from tiercel.model.values import HIDDEN, Convert, convert, shown, to_text

NO_ENCRYPTION = "Unable to use a `SECRET` input/output as encryption is not configured; set an encryption key"


@dataclass(frozen=True, slots=True)
class Means:
    """What resolving asks of the world."""

    evaluate: Callable[[str, Mapping[str, object]], object]
    """Renders a template and keeps the type; the variables given go over those of the flow."""
    render: Callable[[str, Mapping[str, object]], str]
    """Renders a template to text, likewise."""
    encrypt: Callable[[str], str] | None = None
    """Encrypts a secret; None where no key is configured."""
    store_file: Callable[[str, Path], str] | None = None
    """Keeps a local file under an input's id and returns its URI; called for values that are a `Path`."""
    local_paths: bool = False
    """Whether a text given for a FILE names a local file. Only for the command line: else callers read any file."""
    masked: Callable[[str], str] = str
    """Hides in a text the secrets that were read while rendering."""


@dataclass(frozen=True, slots=True)
class InputReport:
    """What became of one input."""

    id: str
    """The whole id, that of the form before it."""
    input: InputBase
    """The input, its values listed where an expression gives them."""
    value: object = None
    """The value to store."""
    enabled: bool = True
    """Whether the input is asked for; a disabled one has no value, not even null."""
    is_default: bool = False
    """Whether the value is the default."""
    errors: tuple[str, ...] = ()
    """What is wrong, each as a whole sentence."""

    def as_json(self) -> dict[str, object]:
        """Return the report as the API gives it; secrets are hidden."""
        secret = "SECRET" in (self.input.type, self.input.item) and self.value is not None
        return {
            "input": self.input.model_dump(mode="json", by_alias=True, exclude_none=True) | {"id": self.id},
            "value": HIDDEN if secret else self.value,
            "enabled": self.enabled,
            "isDefault": self.is_default,
            "errors": [{"message": error} for error in self.errors],
        }


class InvalidInputsError(InputError):
    """Inputs that are missing or do not validate, all of them."""

    def __init__(self, reports: Sequence[InputReport]) -> None:
        self.violations = [(report.id, error) for report in reports for error in report.errors]
        """The input's id and what is wrong with it, in the order of the flow."""
        super().__init__("\n".join(error for _, error in self.violations))


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of all inputs."""

    values: dict[str, object]
    """The values to store, dotted ids nested."""
    reports: tuple[InputReport, ...]
    """Each input, in the order of the flow."""
    unknown: tuple[str, ...]
    """What was supplied for no input, in dotted form; it is ignored."""


def resolve_inputs(declared: Sequence[InputBase], supplied: Mapping[str, object], means: Means) -> Resolved:
    """Return the values to store for what was supplied.

    Args:
        declared: The inputs of a flow or of a pause.
        supplied: Texts, JSON values or (for FILE) paths, by id; dotted ids may be nested or not.
        means: What is asked of the world.

    Raises:
        InvalidInputsError: Something is missing or wrong; files may have been stored.
    """
    resolved = examine_inputs(declared, supplied, means)
    if any(report.errors for report in resolved.reports):
        raise InvalidInputsError(resolved.reports)
    return resolved


def examine_inputs(declared: Sequence[InputBase], supplied: Mapping[str, object], means: Means) -> Resolved:
    """Return the same, with what is wrong in the reports instead of raised."""
    resolution = _Resolution(declared, supplied, means)
    reports = [resolution.masked(report) for report in resolution.reports()]
    values: dict[str, object] = {}
    tree = Tree(values)
    for index, report in enumerate(reports):
        if report.enabled and not report.errors and not tree.put(report.id, report.value):
            error = _sentence(report.id, "it lies inside another input, or around one", report.value, report.input.type)
            reports[index] = replace(report, errors=(error,))
    known = {path_of(report.id) for report in reports}
    return Resolved(values, tuple(reports), tuple(unknown_ids(supplied, known)))


@dataclass(slots=True)
class _Resolution:
    """One resolving: inputs are done after those that they depend on."""

    declared: Sequence[InputBase]
    supplied: Mapping[str, object]
    means: Means
    entries: dict[str, tuple[InputBase, FormInput | None]] = field(default_factory=dict)
    done: dict[str, InputReport] = field(default_factory=dict)
    clear: dict[str, object] = field(default_factory=dict)
    """What expressions see of each enabled input: secrets as text."""

    def reports(self) -> list[InputReport]:
        self.entries = {identifier: (declared, form) for identifier, declared, form in flat_inputs(self.declared)}
        graph = {identifier: self.needs(identifier) for identifier in self.entries}
        order: TopologicalSorter[str] = TopologicalSorter(graph)
        cycle: Sequence[str] = ()
        try:
            order.prepare()
        except CycleError as error:
            cycle = error.args[1]
        while ready := order.get_ready():
            for identifier in ready:
                self.done[identifier] = self.resolve(identifier, graph[identifier])
            order.done(*ready)
        return [self.done.get(name) or self.stuck(name, name in cycle) for name in self.entries]

    def masked(self, report: InputReport) -> InputReport:
        """Return a report in whose errors no secret stands, though a default may have been made of one."""
        if not report.errors:
            return report
        secrets = (name for name, (declared, _) in self.entries.items() if declared.type == "SECRET")
        mask = Mask(text for name in secrets if isinstance(text := self.clear.get(name), str))
        return replace(report, errors=tuple(self.means.masked(mask(error)) for error in report.errors))

    def needs(self, identifier: str) -> set[str]:
        """Return the inputs that an input depends on; a form stands for its children, unknown ones are left out."""
        declared, form = self.entries[identifier]
        known = self.entries.keys() | {around.id for _, around in self.entries.values() if around}
        wanted = dependencies(declared, form, known)
        forms = wanted - self.entries.keys() - ({form.id} if form else set())
        children = {name for name, (_, around) in self.entries.items() if around and around.id in forms}
        return (wanted & self.entries.keys()) | children

    def stuck(self, identifier: str, named: bool) -> InputReport:
        """Report an input on a cycle, or behind one."""
        message = f"Cycle dependency detected for input with id {identifier}"
        return InputReport(identifier, self.entries[identifier][0], enabled=False, errors=(message,) if named else ())

    def resolve(self, identifier: str, needs: set[str]) -> InputReport:
        declared, form = self.entries[identifier]
        visible: dict[str, object] = {}
        tree = Tree(visible)
        for name in sorted(needs & self.clear.keys()):
            tree.put(name, self.clear[name])
        variables = {"inputs": visible}
        if any(not self.done[name].enabled for name in needs):
            return InputReport(identifier, declared, enabled=False)
        for group in (form, declared):
            enabled, error = self.is_enabled(group.depends_on if group else None, variables)
            if not enabled:
                errors = (_sentence(identifier, error, None),) if error else ()
                return InputReport(identifier, declared, enabled=False, errors=errors)
        return self.valued(identifier, declared, variables)

    def is_enabled(self, depends_on: DependsOn | None, variables: Mapping[str, object]) -> tuple[bool, str | None]:
        if depends_on is None or depends_on.condition is None:
            return True, None
        try:
            with _explained("Invalid condition: "):
                value = self.means.evaluate(depends_on.condition, variables)
        except ValueError as error:
            return False, str(error)
        return value is True or (isinstance(value, str) and value.strip().lower() == "true"), None

    def valued(self, identifier: str, declared: InputBase, variables: Mapping[str, object]) -> InputReport:
        """Report an enabled input."""
        raw = look_up(self.supplied, path_of(identifier))
        is_default = False
        try:
            declared = self.listed(declared, variables)
            if raw is None:
                raw = self.default(declared, variables)
                is_default = raw is not None
            value = self.stored(identifier, declared, raw)
        except ValueError as error:
            message = _sentence(identifier, str(error), raw, declared.type, declared.item)
            return InputReport(identifier, declared, is_default=is_default, errors=(message,))
        self.clear.setdefault(identifier, value)
        return InputReport(identifier, declared, value, is_default=is_default)

    def listed(self, declared: InputBase, variables: Mapping[str, object]) -> InputBase:
        """Return the input with the values that its expression gives."""
        if not isinstance(declared, SelectInput | MultiselectInput) or declared.expression is None:
            return declared
        with _explained("Cannot render 'expression'. Cause: "):
            found = self.means.evaluate(declared.expression, variables)
        return declared.with_values(found)

    def default(self, declared: InputBase, variables: Mapping[str, object]) -> object:
        if declared.defaults is None:
            first = isinstance(declared, SelectInput | MultiselectInput) and declared.auto_select_first
            choice = declared.choices[:1] if isinstance(declared, SelectInput | MultiselectInput) and first else ()
            return list(choice) or None if declared.item else next(iter(choice), None)
        with _explained("Cannot render 'defaults'. Cause: "):
            return self.rendered(declared.defaults, variables)

    def rendered(self, value: object, variables: Mapping[str, object]) -> object:
        if isinstance(value, str):
            return self.means.render(value, variables) if "{{" in value or "{%" in value or "{#" in value else value
        if isinstance(value, Mapping):
            return {key: self.rendered(item, variables) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.rendered(item, variables) for item in value]
        return value

    def stored(self, identifier: str, declared: InputBase, raw: object) -> object:
        """Return the value to store, or raise ValueError with what is wrong."""
        if raw is None:
            if declared.required:
                raise ValueError("missing required input")
            return None
        if declared.type == "SECRET" and not is_encrypted(raw):
            self.clear[identifier] = _accepted(checked(declared, raw))
        return _accepted(checked(declared, raw, special(self.means, identifier)))


def _accepted(found: tuple[object, str | None]) -> object:
    value, fault = found
    if fault is not None:
        raise ValueError(fault)
    return value


def _sentence(identifier: str, reason: str, raw: object, *kinds: str | None) -> str:
    return f"Invalid input for `{identifier}`, {reason}, but received `{shown(raw, *kinds)}`"


@contextmanager
def _explained(prefix: str) -> Iterator[None]:
    """Turn what failed into a reason for the one who supplied the input; a busy platform stays its own error."""
    try:
        yield
    except TransientError:
        raise
    except (TiercelError, OSError) as error:
        raise ValueError(f"{prefix}{error}") from None


# ------------------------------------------------------------------ secrets, files, outputs


def special(means: Means, identifier: str) -> dict[str, Convert]:
    """Return the converters of the types that need more than the value."""
    return {"SECRET": lambda raw: _secret(means, raw), "FILE": lambda raw: _file(means, identifier, raw)}


def _secret(means: Means, raw: object) -> object:
    if is_encrypted(raw):
        return plain(raw)
    text = to_text(raw)
    if means.encrypt is None:
        raise ValueError(NO_ENCRYPTION)
    with _explained(""):
        return encrypted(means.encrypt(text))


def _file(means: Means, identifier: str, raw: object) -> str:
    """Return a file's URI; a local file is stored first."""
    local = isinstance(raw, Path)
    text = str(raw) if local else to_text(raw)
    scheme = urlsplit(text).scheme if "://" in text and not local else ""
    if scheme in ("kestra", "nsfile") or (scheme == "file" and not means.local_paths):
        return text
    path = Path(unquote(urlsplit(text).path) if scheme == "file" else text)
    if scheme not in ("", "file") or not (local or means.local_paths) or means.store_file is None:
        raise ValueError("a file is wanted: an upload, or the kestra:/// URI of one")
    with _explained("the file cannot be read: "):
        if not path.is_file():
            raise ValueError(f"there is no file '{path}'")
        return means.store_file(identifier, path)


def _as_rendered(kind: str, value: object) -> object:
    """Return what an expression gave as text, where text is wanted: `{{ 1 + 2 }}` is `3` there."""
    return text_of(value) if kind == "STRING" and isinstance(value, bool | int | float) else value


def convert_output(output: FlowOutput, value: object, means: Means | None = None) -> object:
    """Return a flow output's rendered value as its type.

    Args:
        output: The output; without a type, and when it is null but need not be, the value stays.
        value: What its expression gave.
        means: What encrypts SECRET outputs and stores local files; without it neither is possible.

    Raises:
        InputError: The value is not of the type.
    """
    means = means or Means(evaluate=lambda text, _: text, render=lambda text, _: text)
    try:
        if output.type is None or (value is None and not output.required):
            return plain(value)
        return convert(output.type, _as_rendered(output.type, value), special=special(means, output.id))
    except ValueError as error:
        received = shown(value, output.type)
        raise InputError(f"Invalid output for `{output.id}`, {error}, but received `{received}`") from None
