"""The zips of `make package`: the same bytes every time, and each starts by itself in an empty environment."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from emulators import fresh_project, running, storage
from tiercel.adapters.gcp.jobs import MESSAGE
from tiercel.adapters.gcp.timers import pushed
from tiercel.archive import envelope
from tiercel.cloud.runtime import connect
from tiercel.cloud.settings import read_settings
from tiercel.emulation import topics
from tiercel.emulation.children import free_port
from tiercel.emulation.java import answers, until
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.messages import StartExecution, WalkLane, encode_message
from tiercel.model.states import State

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "functions"))

import package  # noqa: E402 - a script, not a part of the library

NAMES = package.names()
FLOW = "id: hello\nnamespace: tests\ntasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: hi}]"


def test_there_are_six() -> None:
    assert NAMES == ["advance", "api", "execute", "on_message", "on_object", "tick"]


@pytest.mark.parametrize("name", NAMES)
def test_a_main_file_is_thin_and_the_requirements_are_those_of_the_project(name: str) -> None:
    assert len((ROOT / "functions" / name / "main.py").read_text().splitlines()) < 40
    listed = (ROOT / "functions" / name / "requirements.txt").read_text()
    assert listed == package.requirements(name), "run functions/package.py --requirements"
    assert all("==" in line for line in listed.splitlines())


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    first = package.build("advance", tmp_path / "one").read_bytes()
    for path in package.LIBRARY.rglob("worker.py"):
        path.touch()
    assert package.build("advance", tmp_path / "two").read_bytes() == first


def test_a_zip_holds_the_library_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(package.build("execute", tmp_path)) as archive:
        names = archive.namelist()
    assert names[:2] == ["main.py", "requirements.txt"]
    assert all(name.startswith("tiercel/") for name in names[2:])
    assert {"tiercel/engine.py", "tiercel/py.typed", "tiercel/adapters/gcp/firestore.py"} <= set(names)
    assert not [name for name in names if "cli/" in name or "emulation/" in name or "__pycache__" in name]


def test_the_bytes_depend_on_nothing_but_the_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(package.build("tick", tmp_path)) as archive:
        entries = archive.infolist()
    assert [each.filename for each in entries[2:]] == sorted(each.filename for each in entries[2:])
    assert {each.date_time for each in entries} == {package.LONG_AGO}
    assert {each.external_attr >> 16 for each in entries} == {0o100644}
    assert {each.compress_type for each in entries} == {zipfile.ZIP_STORED}  # compressors differ between machines


def test_only_the_door_holds_the_rooms_of_the_door(tmp_path: Path) -> None:
    rooms = {
        name: {inside.split("/")[1] for inside, _ in package.files(name) if inside.count("/") > 1} for name in NAMES
    }
    assert {name for name in NAMES if "api" in rooms[name]} == {"api"}


def test_the_folder_of_the_jobs_image_holds_what_execute_has(tmp_path: Path) -> None:
    folder = tmp_path / "worker"
    (folder / "old").mkdir(parents=True)
    (folder / "Dockerfile").touch()
    tag = package.worker(folder)
    assert package.worker(folder) == tag
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"Dockerfile"} | {inside for inside, _ in package.files("execute")} - {"main.py"}
    lines = (folder / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ")]
    assert all((folder / each).exists() for each in copied)
    module = next(line for line in lines if line.startswith("ENTRYPOINT")).split('"')[-2]
    assert (folder / f"{module.replace('.', '/')}.py").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(SystemExit, match="holds something else"):
        package.worker(tmp_path)
    assert (tmp_path / "mine").exists()


# ------------------------------------------------------------------ started


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """Make an environment with what all functions ask for; it is kept for the next run with the same requirements."""
    wanted = "".join(sorted({line for name in NAMES for line in package.requirements(name).splitlines(keepends=True)}))
    digest = hashlib.sha256(f"{sys.version}{wanted}".encode()).hexdigest()[:16]
    folder = request.config.cache.mkdir("functions") / digest
    found = folder / "bin" / "python"
    with (folder.parent / f"{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another session may be making it
        if not (folder / "done").exists():
            install(folder, wanted)
    return found


def install(folder: Path, wanted: str) -> None:
    """Make an environment with these requirements and nothing of ours."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    listed = folder / "requirements.txt"
    listed.write_text(wanted)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(listed)], check=True, timeout=400)
    (folder / "done").touch()


@contextmanager
def started(python: Path, name: str, folder: Path, settings: dict[str, str]) -> Iterator[str]:
    """Unpack a function's zip and start it; lend its address."""
    target, log = folder / name, folder / f"{name}.log"
    with zipfile.ZipFile(package.build(name, folder / "zips")) as archive:
        archive.extractall(target)
    port = free_port()
    command = [str(python.parent / "functions-framework"), "--target", name, "--host", "127.0.0.1", "--port", str(port)]
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=target, env={**kept, **settings}, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}/"
    try:
        until(lambda: process.poll() is not None or answers(f"{url}robots.txt"), 60, f"the function {name}")
        assert process.poll() is None, f"{name} ended at once: {log.read_text()}"
        yield url
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_each_starts_and_names_the_setting_that_is_missing(python: Path, tmp_path: Path) -> None:
    def ask(name: str) -> tuple[str, int, str]:
        with started(python, name, tmp_path, {}) as url:
            code = httpx.post(url, content=b"{}", timeout=60).status_code
        return name, code, (tmp_path / f"{name}.log").read_text()

    with ThreadPoolExecutor(3) as threads:
        for name, code, log in threads.map(ask, NAMES):
            assert code == 500, f"{name}: {log}"
            assert "GOOGLE_CLOUD_PROJECT is not set" in log, log


def test_the_job_starts_and_names_the_setting_that_is_missing(python: Path, tmp_path: Path) -> None:
    package.worker(tmp_path / "worker")
    message = base64.b64encode(encode_message(WalkLane("e", "main"))).decode()
    for variables, reason in (({}, "TIERCEL_MESSAGE"), ({MESSAGE: message}, "GOOGLE_CLOUD_PROJECT")):
        command = [str(python), "-m", "tiercel.cloud.job"]
        done = subprocess.run(
            command, cwd=tmp_path / "worker", env=variables, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, f"{reason} is not set" in done.stderr) == (2, True), done.stderr


def test_advance_handles_a_message(python: Path, tmp_path: Path) -> None:
    project, (firestore, pubsub), stored = fresh_project(), running(), storage()
    bucket = f"{project}-files"
    settings = {
        "GOOGLE_CLOUD_PROJECT": project,
        "TIERCEL_BUCKET": bucket,
        "FIRESTORE_EMULATOR_HOST": firestore.host,
        "PUBSUB_EMULATOR_HOST": pubsub.host,
        "STORAGE_EMULATOR_HOST": f"http://{stored}",
    }
    httpx.post(f"http://{stored}/storage/v1/b", json={"name": bucket}).raise_for_status()
    for topic in ("tiercel-events", "tiercel-tasks", "tiercel-dead"):
        topics.make_topic(pubsub.host, f"projects/{project}/topics/{topic}")
    cloud = connect(read_settings(settings), {})
    execution = cloud.parts.intake.accept(cloud.parts.flows.deploy(parse_flow(FLOW)), Request()).id
    with started(python, "advance", tmp_path, settings) as url:
        body = pushed(envelope(StartExecution(execution)), "1", "subscription")
        answer = httpx.post(url, content=body, timeout=60)
        assert answer.status_code == 204, (tmp_path / "advance.log").read_text()
        assert httpx.post(url, content=b"no message", timeout=60).status_code == 204  # refused, never sent again
    assert cloud.parts.view.header(execution).state is State.SUCCESS
    assert "goes to the dead-letter topic" in (tmp_path / "advance.log").read_text()
    cloud.close()
