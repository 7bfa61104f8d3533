"""Cloning, from repositories of this machine (plugin specification, 6.2)."""

from __future__ import annotations

import base64
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain
from fake_context import FakeContext
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.tasks.git.clone import Clone
from tiercel.tasks.git.remote import Access, remote_of, ssh_options


def git(folder: Path, *arguments: str) -> str:
    env = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with three commits on `trunk`, a branch `side` and a tag `v1` on the first."""
    folder = tmp_path_factory.mktemp("origin")
    git(folder, "init", "-q", "-b", "trunk")
    for number in range(3):
        (folder / "a.txt").write_text(str(number))
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", str(number))
        if number == 0:
            git(folder, "tag", "v1")
            git(folder, "branch", "side")
    return folder


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def clone(ctx: FakeContext, origin: Path, **properties: object) -> Path:
    return Path(ctx.run(Clone, url=origin.as_uri(), **properties)["directory"])


def test_the_repositorys_own_branch_is_checked_out_with_one_commit(ctx: FakeContext, origin: Path) -> None:
    folder = clone(ctx, origin)
    assert folder == ctx.working_dir
    assert (folder / "a.txt").read_text() == "2"
    assert git(folder, "log", "--format=%s") == "2"
    assert git(folder, "branch", "--show-current") == "trunk"
    assert "origin/side" in git(folder, "branch", "-r")


@pytest.mark.parametrize(
    ("properties", "content"),
    [
        ({"branch": "side"}, "0"),
        ({"tag": "v1"}, "0"),
        ({"branch": "trunk", "cloneAllBranches": False}, "2"),
        ({"depth": 0}, "2"),
    ],
)
def test_a_branch_or_a_tag_is_checked_out(
    ctx: FakeContext, origin: Path, properties: dict[str, Any], content: str
) -> None:
    folder = clone(ctx, origin, **properties)
    assert (folder / "a.txt").read_text() == content
    assert ("side" in git(folder, "branch", "-r")) == properties.get("cloneAllBranches", True)
    assert (git(folder, "rev-list", "--count", "HEAD") == "3") == ("depth" in properties)


def test_a_commit_of_the_past_is_checked_out(ctx: FakeContext, origin: Path) -> None:
    commit = git(origin, "rev-parse", "trunk~1")
    assert (clone(ctx, origin, commit=commit) / "a.txt").read_text() == "1"
    with pytest.raises(ValidationError, match="commit"):
        clone(ctx, origin, commit="--upload-pack=x")


def test_files_that_are_there_stay_and_those_of_the_repository_win(ctx: FakeContext, origin: Path) -> None:
    (ctx.working_dir / "a.txt").write_text("mine")
    (ctx.working_dir / "b.txt").write_text("mine")
    folder = clone(ctx, origin)
    assert (folder / "a.txt").read_text() == "2"
    assert (folder / "b.txt").read_text() == "mine"
    assert (clone(ctx, origin, branch="side") / "a.txt").read_text() == "0", "a second clone over the first"


def test_a_folder_below_the_working_directory(ctx: FakeContext, origin: Path) -> None:
    assert (clone(ctx, origin, directory="x/y") / "a.txt").is_file()
    assert (ctx.working_dir / "x/y/.git").is_dir()
    with pytest.raises(TaskError, match="is refused"):
        clone(ctx, origin, directory="../x")


def test_without_tags(ctx: FakeContext, origin: Path) -> None:
    assert git(clone(ctx, origin, noTags=True, depth=0), "tag") == ""


def test_settings_are_those_of_the_repository(ctx: FakeContext, origin: Path) -> None:
    assert git(clone(ctx, origin, gitConfig={"core.autocrlf": "input"}), "config", "core.autocrlf") == "input"


def test_repositories_inside_are_cloned_on_demand(ctx: FakeContext, origin: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q", "-b", "main")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", origin.as_uri(), "inner")
    git(outer, "commit", "-q", "-m", "x")
    assert not (clone(ctx, outer, directory="a") / "inner/a.txt").exists()
    with pytest.raises(TaskError, match="not allowed"):  # git trusts no inner repository of this machine
        clone(ctx, outer, directory="b", cloneSubmodules=True)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"branch": "none"}, "git fetch failed: .*none"),
        ({"commit": "deadbeef"}, "git checkout failed"),
        ({"tag": "v1", "noTags": True}, "tag and noTags are both given"),
        ({"cloneAllBranches": False}, "branch is missing"),
        ({"branch": "--upload-pack=x"}, "which is no name of one"),
        ({"url": "--upload-pack=x"}, "url is '--upload-pack=x'"),
        ({"url": "file:///nowhere/at/all"}, "git ls-remote failed: .*nowhere"),
    ],
)
def test_what_goes_wrong_is_said(ctx: FakeContext, origin: Path, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        ctx.run(Clone, **{"url": origin.as_uri(), **properties})


@pytest.mark.parametrize(
    ("place", "properties"),
    [
        ("ann:s%40cret@", {}),
        ("", {"username": "ann", "password": "s@cret"}),
        ("x:y@", {"username": "ann", "password": "s@cret"}),
    ],
)
def test_credentials_reach_the_server(ctx: FakeContext, place: str, properties: dict[str, Any]) -> None:
    said: list[str | None] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.append(self.headers["Authorization"])
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with pytest.raises(TaskError, match="git ls-remote failed"):
            ctx.run(Clone, url=f"http://{place}127.0.0.1:{server.server_port}/x.git", **properties)
        server.shutdown()
        thread.join()
    assert said[0] == "Basic " + base64.b64encode(b"ann:s@cret").decode()


def test_credentials_stand_in_no_file_and_in_no_message(ctx: FakeContext, tmp_path: Path) -> None:
    remote = remote_of("https://ann:s%40cret@127.0.0.1:1/x.git")
    assert (remote.url, remote.username, remote.password) == ("https://127.0.0.1:1/x.git", "ann", "s@cret")
    with pytest.raises(TaskError, match="git ls-remote failed") as failed:
        ctx.run(Clone, url="https://ann:s%40cret@127.0.0.1:1/x.git")
    assert "cret" not in str(failed.value)
    assert "cret" not in (ctx.working_dir / ".git/config").read_text()
    with ExitStack() as stack:
        options, variables = ssh_options(stack, Access(private_key="KEY", passphrase="p"))
        key = Path(options[options.index("-i") + 1])
        assert (key.read_text(), key.stat().st_mode & 0o777) == ("KEY\n", 0o600)
        said = subprocess.run([variables["SSH_ASKPASS"]], env=variables, capture_output=True, text=True, check=True)
        assert said.stdout == "p\n"
    assert not key.exists()


# ------------------------------------------------------------ over a wire


@pytest.fixture
def served(origin: Path, tmp_path: Path) -> Iterator[tuple[str, list[str | None]]]:
    """Serve `origin`, and `outer` with `origin` inside it, over HTTP; give the address, and the credentials shown."""
    outer, said = tmp_path / "outer", list[str | None]()
    outer.mkdir()
    git(outer, "init", "-q", "-b", "main")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", origin.as_uri(), "lib/inner")
    (outer / ".gitmodules").write_text('[submodule "inner"]\n\tpath = lib/inner\n\turl = ../origin\n')
    git(outer, "add", ".")
    git(outer, "commit", "-q", "-m", "x")
    repos: dict[str, Any] = {"/origin": Repo(str(origin)), "/outer": Repo(str(outer))}
    application = make_wsgi_chain(DictBackend(repos))

    def guarded(environ: Any, start: Any) -> Any:
        said.append(environ.get("HTTP_AUTHORIZATION"))
        if said[-1] is None:
            start("401 Unauthorized", [("WWW-Authenticate", "Basic")])
            return [b""]
        return application(environ, start)

    with make_server("127.0.0.1", 0, guarded, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", said
        server.shutdown()
        thread.join()
    for repo in repos.values():
        repo.close()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        pass


def test_a_repository_and_those_inside_it_are_cloned_over_http(
    ctx: FakeContext, served: tuple[str, list[str | None]]
) -> None:
    outputs = ctx.run(Clone, url=f"{served[0]}/outer", username="ann", password="s", cloneSubmodules=True)
    assert (Path(outputs["directory"]) / "lib/inner/a.txt").read_text() == "2"
    assert set(served[1]) == {"Basic " + base64.b64encode(b"ann:s").decode()}
    for config in ctx.working_dir.rglob(".git/config"):
        assert "ann" not in config.read_text()


def test_a_server_that_wants_a_password_is_told_of(ctx: FakeContext, served: tuple[str, list[str | None]]) -> None:
    with pytest.raises(TaskError, match="the server asks for a user and a password"):
        ctx.run(Clone, url=f"{served[0]}/origin")


@pytest.mark.parametrize("address", ["ssh://me@host:29{path}", "me@host:{path}"])
def test_ssh_is_given_the_key(
    ctx: FakeContext, origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    said = tmp_path / "said"
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {said}\nfor last; do :; done\nexec sh -c "$last"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    outputs = ctx.run(Clone, url=address.format(path=origin), privateKey="KEY")
    assert (Path(outputs["directory"]) / "a.txt").read_text() == "2"
    words = said.read_text().split()
    assert "me@host" in words
    assert ("29" in words) == address.startswith("ssh:")
    assert not Path(words[words.index("-i") + 1]).exists()


def test_a_task_that_is_killed_stops(ctx: FakeContext, origin: Path) -> None:
    ctx.cancel()
    with pytest.raises(TaskError, match="the task was stopped"):
        clone(ctx, origin, depth=0)
