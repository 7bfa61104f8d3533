"""A repository in a folder, with the files of one commit over those that are there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from tiercel.errors import TaskError
from tiercel.tasks.files import inside
from tiercel.tasks.git.remote import Access, Connection, remote_of

if TYPE_CHECKING:
    from dulwich.objects import ObjectID
    from dulwich.repo import Repo

FALLBACKS = ("main", "master")
"""The branches that are tried where the repository does not say which is its own."""
HEADS, TAGS, ORIGIN = "refs/heads/", "refs/tags/", "refs/remotes/origin/"
MOST_NESTED = 10
"""Repositories inside one another that are cloned."""

Connect = Callable[[str, Access], Connection]


@dataclass(frozen=True)
class Wanted:
    """What is checked out, and how much is fetched for it."""

    branch: str | None = None
    """By default the repository's own."""
    tag: str | None = None
    commit: str | None = None
    """Perhaps only its beginning."""
    depth: int = 0
    """Commits of history, 0 for all; without effect with a commit or a tag."""
    all_branches: bool = True
    no_tags: bool = False


@dataclass(frozen=True)
class Checkout:
    """Clones one repository into a folder, and those inside it."""

    connect: Connect
    url: str
    access: Access
    settings: Mapping[str, str | None]

    def run(self, folder: Path, wanted: Wanted, *, submodules: bool, depth: int = 0) -> None:
        """Clone.

        Args:
            folder: Where to; what lies there stays, unless the repository has a file of that name.
            wanted: What.
            submodules: Whether the repositories inside are cloned too.
            depth: How many repositories this one is inside of.

        Raises:
            TaskError: The repository cannot be reached, or lacks what is wanted.
        """
        with _opened(folder) as repo:
            self._configure(repo)
            with self.connect(self.url, self.access) as connection:
                looked = connection.look()
                refs = {name.decode(): sha for name, sha in looked.refs.items() if sha is not None}
                branch = wanted.branch or _own_branch(refs, looked.symrefs)
                target = self._fetch(connection, repo, refs, replace(wanted, branch=branch))
            _take(repo, refs, wanted)
            _check_out(repo, target, branch if wanted.tag is None and wanted.commit is None else None)
            if submodules:
                for path, url, sha in list(_inner(repo, self.url)):
                    self._clone_inner(inside(folder, path), url, sha, depth + 1)

    def _configure(self, repo: Repo) -> None:
        config = repo.get_config()
        settings = {"remote.origin.url": self.url, "remote.origin.fetch": f"+{HEADS}*:{ORIGIN}*", **self.settings}
        for name, text in settings.items():
            section, _, key = name.rpartition(".")
            if not section or not key:
                raise TaskError(f"gitConfig names '{name}', wanted a name such as core.autocrlf", retryable=False)
            if text is not None:
                first, _, second = section.partition(".")
                config.set(
                    (first.encode(), second.encode()) if second else (first.encode(),), key.encode(), text.encode()
                )
        config.write_to_path()

    def _fetch(self, connection: Connection, repo: Repo, refs: Mapping[str, ObjectID], wanted: Wanted) -> ObjectID:
        """Fetch what is asked for; return the commit that is checked out."""
        tip = _named(refs, wanted)
        heads = [name for name in refs if name.startswith(HEADS)]
        names = heads if wanted.all_branches else [f"{HEADS}{wanted.branch}"]
        exact = wanted.tag is not None or wanted.commit is not None
        depth = None if exact or not wanted.depth else wanted.depth
        tags = [] if wanted.no_tags or depth else [name for name in refs if name.startswith(TAGS)]
        shas = {refs[name] for name in (*names, *tags) if name in refs and not name.endswith("^{}")}
        if tip is not None:
            shas.add(tip)
        connection.fetch(repo, lambda _: list(shas), depth)
        return tip if tip is not None else _commit(repo, wanted.commit or "")

    def _clone_inner(self, folder: Path, url: str, sha: ObjectID, depth: int) -> None:
        """Clone a repository inside this one: only from elsewhere, and with our credentials only to the same server."""
        scheme = urlsplit(url).scheme
        if scheme not in ("http", "https", "ssh") and not re.match(r"[\w.-]+@[\w.-]+:", url):
            raise TaskError(
                f"git submodule failed: transport '{scheme or 'file'}' not allowed, in {url}", retryable=False
            )
        if depth > MOST_NESTED:
            raise TaskError(f"more than {MOST_NESTED} repositories lie inside one another", retryable=False)
        here, there = urlsplit(self.url), urlsplit(url)
        access = self.access
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            access = replace(access, username=None, password=None)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / ".git").is_file():
            (folder / ".git").unlink()  # the checkout around it has put the address of another place there
        inner = Checkout(self.connect, remote_of(url).url, access, {})
        inner.run(folder, Wanted(commit=sha.decode()), submodules=True, depth=depth)


@contextmanager
def _opened(folder: Path) -> Iterator[Repo]:
    from dulwich.repo import Repo

    with Repo(str(folder)) if (folder / ".git").is_dir() else Repo.init(str(folder)) as repo:
        yield repo


def _own_branch(refs: Mapping[str, Any], symrefs: Mapping[Any, Any]) -> str | None:
    """Return the branch that the repository is on, else the first fallback that it has; None for its HEAD alone."""
    head = symrefs.get(b"HEAD")
    if head is not None and head.decode() in refs:
        return str(head.decode()).removeprefix(HEADS)
    return next((name for name in FALLBACKS if f"{HEADS}{name}" in refs), None)


def _named(refs: Mapping[str, ObjectID], wanted: Wanted) -> ObjectID | None:
    """Return the commit that is asked for by a name; None for one that is asked for by its own.

    Raises:
        TaskError: There is no such name.
    """
    if wanted.tag is not None:
        found = refs.get(f"{TAGS}{wanted.tag}")
        what, kind = f"tag '{wanted.tag}'", TAGS
    elif wanted.commit is not None and wanted.all_branches:
        return None
    elif wanted.branch is not None:
        found = refs.get(f"{HEADS}{wanted.branch}")
        what, kind = f"branch '{wanted.branch}'", HEADS
    else:
        found, what, kind = refs.get("HEAD"), "commit", HEADS
    if found is None:
        there = sorted(name.removeprefix(kind) for name in refs if name.startswith(kind) and not name.endswith("^{}"))
        remedy = f"it has {', '.join(there[:20])}" if there else "it has none"
        raise TaskError(f"git fetch failed: the repository has no {what}; {remedy}", retryable=False)
    return None if wanted.commit is not None else found


def _commit(repo: Repo, prefix: str) -> ObjectID:
    """Return the commit whose name begins so.

    Raises:
        TaskError: There is none among those that were fetched, or there are several.
    """
    from dulwich.objects import Commit

    found = [sha for sha in repo.object_store.iter_prefix(prefix.lower().encode()) if isinstance(repo[sha], Commit)]
    if len(found) != 1:
        text = (
            f"git checkout failed: {'several commits begin' if found else 'no commit of a branch begins'} with {prefix}"
        )
        raise TaskError(text, retryable=False)
    return found[0]


def _take(repo: Repo, refs: Mapping[str, ObjectID], wanted: Wanted) -> None:
    """Name what was fetched as the repository names it."""
    from dulwich.refs import Ref

    for name, sha in refs.items():
        if sha not in repo.object_store or name.endswith("^{}"):
            continue
        if name.startswith(HEADS) and (wanted.all_branches or name == f"{HEADS}{wanted.branch}"):
            repo.refs[Ref(f"{ORIGIN}{name.removeprefix(HEADS)}".encode())] = sha
        elif name.startswith(TAGS) and (not wanted.no_tags or name == f"{TAGS}{wanted.tag}"):
            repo.refs[Ref(name.encode())] = sha


def _check_out(repo: Repo, target: ObjectID, branch: str | None) -> None:
    """Write the files of a commit, and stand on a branch, or on the commit alone."""
    from dulwich import porcelain
    from dulwich.objects import Tag
    from dulwich.refs import HEADREF, Ref

    found = repo[target]
    while isinstance(found, Tag):
        found = repo[found.object[1]]
    if branch is not None:
        name = Ref(f"{HEADS}{branch}".encode())
        repo.refs[name] = found.id
        repo.refs.set_symbolic_ref(HEADREF, name)
    else:
        Path(repo.controldir(), "HEAD").write_bytes(found.id + b"\n")
    porcelain.reset(repo, "hard", found.id)


def _inner(repo: Repo, url: str) -> Iterator[tuple[str, str, ObjectID]]:
    """Yield the repositories inside one: the path, the address, the commit."""
    from io import BytesIO

    from dulwich.config import ConfigFile, parse_submodules
    from dulwich.object_store import iter_tree_contents
    from dulwich.objects import S_ISGITLINK, Commit

    head = repo[repo.head()]
    assert isinstance(head, Commit)
    entries = {entry.path: entry for entry in iter_tree_contents(repo.object_store, head.tree)}
    listed = entries.get(b".gitmodules")
    if listed is None or listed.sha is None:
        return
    for path, address, _ in parse_submodules(ConfigFile.from_file(BytesIO(repo[listed.sha].as_raw_string()))):
        entry = entries.get(path)
        if entry is not None and entry.mode is not None and S_ISGITLINK(entry.mode) and entry.sha is not None:
            yield path.decode(), _resolved(url, address.decode()), entry.sha


def _resolved(url: str, address: str) -> str:
    """Return an address that may be relative to another one."""
    if not address.startswith(("./", "../")):
        return address
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=posixpath.normpath(posixpath.join(parts.path, address))))
