"""Files of a working directory: input files and namespace files go in, output files come out (flow, 10.3).

Promise: nothing is written or read outside the folder, whatever a path, a link or a pattern says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel.errors import TaskError
from tiercel.model.plugin import parse_structure, text_of
from tiercel.model.states import Level
from tiercel.ports import RunContext

_WHOLE_URI = re.compile(r"(?:kestra|nsfile|file)://\S+")
_URI_IN_TEXT = re.compile(r"(?:kestra:///|nsfile://)[\w\-.+~#=/]+")
_WILD = re.compile(r"[*?\[{]")


class NamespaceFiles(BaseModel):
    """Which files of which namespaces are copied into the working directory."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    enabled: bool = True
    """Whether any are copied."""
    include: str | list[str] = Field(default_factory=list)
    """Patterns of the files to copy; empty means all."""
    exclude: str | list[str] = Field(default_factory=list)
    """Patterns of the files to leave out."""
    namespaces: list[str] | None = None
    """The namespaces, later ones winning; the flow's own by default."""
    if_exists: Literal["OVERWRITE", "FAIL", "WARN", "IGNORE"] = "OVERWRITE"
    """What happens when the path is already taken."""
    folder_per_namespace: bool = False
    """Whether each namespace's files go into a folder of its name."""

    def wants(self, path: str) -> bool:
        """Tell whether the file of this path is copied."""
        rooted = "/" + path.lstrip("/")
        if any(_namespace_pattern(pattern)(rooted) for pattern in _as_list(self.exclude)):
            return False
        include = _as_list(self.include)
        return not include or any(_namespace_pattern(pattern)(rooted) for pattern in include)


# ------------------------------------------------------------------ in


def render_files(
    ctx: RunContext, files: Mapping[str, object] | str, extra: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return input files with paths and contents rendered; those whose content is null are left out.

    Args:
        ctx: The attempt.
        files: Path to content, or the same as JSON text.
        extra: Further variables.
    """
    if isinstance(files, str):
        parsed = parse_structure(ctx.render(files, extra))
        if parsed is None:
            return {}
        if not isinstance(parsed, Mapping):
            raise TaskError(f"inputFiles: wanted a map of path to content, found {parsed!r:.80}; write 'name: content'")
        return {str(path): content for path, content in parsed.items() if content is not None}
    return {
        ctx.render(str(path), extra): ctx.render_deep(content, extra)
        for path, content in files.items()
        if content is not None
    }


def place_files(ctx: RunContext, folder: Path, files: Mapping[str, object]) -> None:
    """Write input files into a folder, replacing what is there.

    Args:
        ctx: The attempt, which opens `kestra:///` and `nsfile:///` addresses.
        folder: Where the paths start.
        files: Path to rendered content: text, the address of a file, or a list or map (written as JSON).

    Raises:
        TaskError: A path leads out of the folder, or a file could not be read or written.
    """
    for path, content in files.items():
        if content is None:
            continue
        target = inside(folder, path)
        try:
            _write(ctx, target, content)
        except OSError as error:
            raise TaskError(f"inputFiles: '{path}' could not be written: {reason(error)}") from error


def place_namespace_files(ctx: RunContext, folder: Path, wanted: NamespaceFiles) -> None:
    """Copy namespace files into a folder; call it before `place_files`, so that input files win.

    Raises:
        TaskError: A path is taken and `ifExists` is FAIL, or a file could not be written.
    """
    if not wanted.enabled:
        return
    for namespace in wanted.namespaces or [ctx.namespace]:
        for path, uri in ctx.namespace_files(namespace):
            path = path.lstrip("/")
            if not wanted.wants(path):
                continue
            target = inside(folder, f"{namespace}/{path}" if wanted.folder_per_namespace else path)
            if _may_place(ctx, wanted, target, path):
                _copy(ctx, uri, target)


def _may_place(ctx: RunContext, wanted: NamespaceFiles, target: Path, path: str) -> bool:
    if wanted.if_exists == "OVERWRITE" or not target.exists():
        return True
    if wanted.if_exists == "FAIL":
        raise TaskError(f"namespaceFiles: '{path}' is already in the working directory and ifExists is FAIL")
    if wanted.if_exists == "WARN":
        ctx.log(f"namespaceFiles: '{path}' is already in the working directory and was kept", Level.WARN)
    return False


def localize(ctx: RunContext, text: str, into: Callable[[str], Path]) -> str:
    """Replace each file address in a text by the path of a local copy.

    Args:
        ctx: The attempt.
        text: A command or a script; an address ends at the first character outside letters, digits and `-._+~#=/`.
        into: Gives the path at which the copy of an address goes; where it exists already it is used as it is.
    """

    def local(match: re.Match[str]) -> str:
        target = into(match.group())
        if not target.exists():
            _copy(ctx, match.group(), target)
        return str(target)

    return _URI_IN_TEXT.sub(local, text)


def inside(folder: Path, path: str) -> Path:
    """Return where a relative path lies in a folder.

    Raises:
        TaskError: The path is absolute, starts with `./`, or leads out of the folder (by `..` or by a link).
    """
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or path.startswith("./") or "\0" in path:
        raise TaskError(
            f"the path '{path}' is refused: wanted a path inside the working directory, without '..', './' or a"
            " leading '/'",
            retryable=False,
        )
    target = folder / pure
    root = os.path.realpath(folder)
    parent = os.path.realpath(target.parent)
    if parent != root and not parent.startswith(root + os.sep):
        raise TaskError(f"the path '{path}' is refused: a link leads it out of the working directory", retryable=False)
    return target


def _write(ctx: RunContext, target: Path, content: object) -> None:
    if isinstance(content, str) and _WHOLE_URI.fullmatch(content.strip()):
        _copy(ctx, content.strip(), target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    target.write_text(text_of(content), encoding="utf-8", newline="")


def _copy(ctx: RunContext, uri: str, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        with ctx.open(uri) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except OSError as error:
        raise TaskError(f"'{uri}' could not be copied to '{target.name}': {reason(error)}") from error


# ------------------------------------------------------------------ out


def collect_files(ctx: RunContext, folder: Path, globs: Iterable[str], skip: Iterable[Path] = ()) -> dict[str, str]:
    """Keep the files of a folder that match, and return relative path to URI; no match is an empty map.

    Only regular files are kept: links are not followed, so nothing outside the folder is read.

    Args:
        ctx: The attempt, which stores them.
        folder: Where the patterns start.
        globs: Patterns: `*` and `?` stay within a folder, `**` crosses folders, `regex:` and `glob:` may stand before.
        skip: Files and folders that are left out.
    """
    return {path: ctx.store(folder / path, PurePosixPath(path).name) for path in matching(folder, globs, skip)}


def matching(folder: Path, globs: Iterable[str], skip: Iterable[Path] = ()) -> list[str]:
    """Return the relative paths of the regular files of a folder that match, sorted; patterns as `collect_files`."""
    patterns = [pattern.removeprefix("glob:").removeprefix("./").removeprefix("/") for pattern in globs]
    matches = [_matcher(pattern) for pattern in patterns]
    if not matches:
        return []
    literal = all(is_literal(pattern) for pattern in patterns)
    paths = sorted(set(patterns)) if literal else sorted(walk(folder, skip))
    return [
        path
        for path in paths
        if any(match(path) for match in matches) and (not literal or _is_plain_file(folder, path))
    ]


def walk(folder: Path, skip: Iterable[Path] = ()) -> Iterator[str]:
    """Yield the relative path of each regular file below a folder, without following links."""
    left_out = {str(path) for path in skip}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(parent, name) not in left_out]
        for name in names:
            path = os.path.join(parent, name)
            if path not in left_out and os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, folder).replace(os.sep, "/")


def is_literal(pattern: str) -> bool:
    """Tell whether an entry of `outputFiles` names one file rather than a pattern."""
    return not _WILD.search(pattern) and not pattern.startswith("regex:")


def _is_plain_file(folder: Path, path: str) -> bool:
    try:
        target = inside(folder, path)
    except TaskError:
        return False
    return target.is_file() and not target.is_symlink()


@cache
def _matcher(pattern: str) -> Callable[[str], object]:
    """Return the test for a path relative to the folder."""
    if pattern.startswith("regex:"):
        try:
            return re.compile(pattern.removeprefix("regex:")).fullmatch
        except re.error as error:
            raise TaskError(f"the pattern '{pattern}' is not a regular expression: {error}", retryable=False) from error
    return re.compile(_regex(pattern)).fullmatch


@cache
def _namespace_pattern(pattern: str) -> Callable[[str], object]:
    """Return the test for a namespace file's path with a leading slash; a pattern without one matches at any depth."""
    if pattern.startswith("regex:"):
        return _matcher(pattern)
    pattern = pattern.removeprefix("glob:")
    pattern = pattern + "**" if pattern.endswith("/") else pattern
    return _matcher(pattern if pattern.startswith("/") else "/**/" + pattern)


def _regex(glob: str) -> str:
    """Return a glob as a regular expression: `**/` is any number of folders, also none; a leading dot is as any."""
    parts: list[str] = []
    at = depth = 0
    while at < len(glob):
        char = glob[at]
        if wild := _wildcard(glob, at):
            part, width = wild
            parts.append(part)
            at += width
            continue
        if char == "\\" and at + 1 < len(glob):
            at += 1
            parts.append(re.escape(glob[at]))
        elif char == "{" and glob.find("}", at) > 0:
            depth += 1
            parts.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            parts.append(")")
        elif char == "," and depth:
            parts.append("|")
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)))
        at += 1
    return "(?s:" + "".join(parts) + ")"


def _wildcard(glob: str, at: int) -> tuple[str, int] | None:
    """Return `**/`, `**` or a set of characters at a place of a glob: its expression and width; None elsewhere."""
    if glob.startswith("**/", at) and (at == 0 or glob[at - 1] in "/{,"):
        return "(?:.*/)?", 3
    if glob.startswith("**", at):
        return ".*", 2
    closing = glob.find("]", at + 2) if glob[at] == "[" else -1
    if closing < 0:
        return None
    body = glob[at + 1 : closing].replace("\\", "\\\\").replace("[", "\\[")
    return f"[^{body[1:]}]" if body[0] in "!^" else f"[{body}]", closing + 1 - at


def _as_list(patterns: str | list[str]) -> list[str]:
    if isinstance(patterns, str):
        parsed = parse_structure(patterns)
        return [str(item) for item in parsed] if isinstance(parsed, list) else [patterns] if patterns.strip() else []
    return patterns


def reason(error: OSError) -> str:
    """Return what the operating system said, in words, with the path where there is one."""
    words = error.strerror or str(error)
    place = f" ('{error.filename}')" if error.filename else ""
    remedy = "; free some space and run it again" if words == os.strerror(28) else ""
    return f"{words}{place}{remedy}"


def as_json(value: object) -> str:
    """Return a structure of variables as JSON, lazy maps included."""
    return json.dumps(value, default=lambda item: dict(item) if isinstance(item, Mapping) else str(item))
