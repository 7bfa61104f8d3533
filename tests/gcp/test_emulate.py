"""`tiercel emulate` begins, says where everything is, and leaves no process behind, however it ends."""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path

import httpx
import pytest

from cli.calling import Cli, flow
from gcp.emulating import PATIENCE, Emulation, Process, There, emulating, see_emulators, still
from tiercel.emulation import java

START = 20.0
"""Seconds that a start may take."""

NAMES = [
    "PUBSUB_EMULATOR_HOST",
    "FIRESTORE_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
    "GOOGLE_CLOUD_PROJECT",
    "TIERCEL_URL",
    "TIERCEL_BUCKET",
    "TIERCEL_EXECUTIONS_TOPIC",
]


def test_it_writes_the_settings_once_everything_answers(emulation: Emulation) -> None:
    settings = emulation.settings
    assert settings.keys() >= set(NAMES)
    assert httpx.get(settings["TIERCEL_URL"] + "/health", timeout=PATIENCE).status_code == 200
    bucket = f"{settings['STORAGE_EMULATOR_HOST']}/storage/v1/b/{settings['TIERCEL_BUCKET']}"
    assert httpx.get(bucket, timeout=PATIENCE).status_code == 200
    topic = f"http://{settings['PUBSUB_EMULATOR_HOST']}/v1/{settings['TIERCEL_EXECUTIONS_TOPIC']}"
    assert httpx.get(topic, timeout=PATIENCE).status_code == 200
    assert java.answers(f"http://{settings['FIRESTORE_EMULATOR_HOST']}{java.FIRESTORE.probe}")
    for name in ("TIERCEL_ADVANCE_URL", "TIERCEL_EXECUTE_URL"):
        assert httpx.get(f"{settings[name]}health", timeout=PATIENCE).status_code == 204


def test_the_settings_are_shown_and_only_ours_to_read(emulation: Emulation) -> None:
    for name in NAMES:
        assert f"export {name}={emulation.settings[name]}\n" in emulation.said
    assert stat.S_IMODE(emulation.env_file.stat().st_mode) == 0o600


def test_a_second_one_begins_in_time_beside_the_first_and_shares_nothing(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    (folder / "env").write_text("export GOOGLE_CLOUD_PROJECT=of-an-earlier-one\n")
    source = there.file("only.yaml", flow("id: a, type: io.kestra.plugin.core.log.Log, message: hello", name="only"))
    with emulating(folder) as second:
        until_gone(folder / "env", second)
        assert second.wait() < START
        ours = there.json("run", source)
        settings = second.settings
        with monkeypatch.context() as patched:
            for name, value in settings.items():
                patched.setenv(name, value)
            assert there.json("executions", "list", "--flow", "only") == []
            theirs = there.json("run", source)
        assert [each["id"] for each in there.json("executions", "list", "--flow", "only")] == [ours["id"]]
        assert theirs["id"] != ours["id"]
        family = second.family()
        assert second.end(signal.SIGINT) == 0
        assert second.said.endswith("stopping\n")
        assert len(family) >= 8
        assert still(family) == []
    assert there.json("run", source)["state"]["current"] == "SUCCESS"


def until_gone(file: Path, emulation: Emulation) -> None:
    """Wait until an emulation has removed the settings of an earlier one."""
    end = time.monotonic() + PATIENCE
    while file.exists() and "of-an-earlier-one" in file.read_text():
        assert emulation.process.poll() is None, emulation.said
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_ends_while_it_begins(tmp_path: Path) -> None:
    with emulating(tmp_path) as emulation:
        family: list[Process] = []
        while not any("firestore" in each.command for each in family):
            assert emulation.process.poll() is None, emulation.said
            time.sleep(0.05)
            family = emulation.family()
        # Python ends by the signal itself where it was interrupted in the `exec` of a text, as imports have it.
        assert emulation.end(signal.SIGTERM) in (130, -signal.SIGINT)
        assert still(family) == []
        assert not emulation.env_file.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["firestore", "java"], "the emulator of Firestore"),
        (["functions_framework", "execute"], "the function execute"),
    ],
)
def test_when_a_part_is_killed_all_ends_and_the_part_is_named(words: list[str], named: str, tmp_path: Path) -> None:
    with emulating(tmp_path) as emulation:
        emulation.wait()
        family = emulation.family()
        os.kill(emulation.part(*words).pid, signal.SIGKILL)
        assert emulation.process.wait(PATIENCE) == 2
        assert f"error: {named} has ended with code -9; everything is stopped" in emulation.said
        assert still(family) == []


def test_when_it_is_killed_itself_nothing_is_left(tmp_path: Path) -> None:
    with emulating(tmp_path) as emulation:
        emulation.wait()
        family = emulation.family()
        assert {"java", "functions_framework"} <= {word for each in family for word in words_of(each)}
        assert emulation.end(signal.SIGKILL) == -signal.SIGKILL
        assert still(family) == []


def words_of(process: Process) -> set[str]:
    """Return the words of a process's command, without the folders of programs."""
    return {word.rpartition("/")[2] for word in process.command.split()}


# ------------------------------------------------------------ what is missing


def test_without_java_it_says_what_to_install(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    said = cli("emulate")
    assert said.code == 2
    assert "Java 11 or later" in said.err
    assert "openjdk-17-jre-headless" in said.err


@pytest.mark.parametrize(
    ("emulator", "component"),
    [(java.FIRESTORE, "cloud-firestore-emulator"), (java.PUBSUB, "pubsub-emulator")],
)
def test_without_an_emulator_it_says_what_to_install(
    emulator: java.Emulator, component: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(java, "java", lambda: ["java"])
    monkeypatch.setattr(java, "_sdks", lambda: [tmp_path])
    for each in (java.FIRESTORE, java.PUBSUB):
        if each is not emulator:
            jar = tmp_path / each.jar.replace("*", "1")
            jar.parent.mkdir(parents=True)
            jar.touch()
    said = cli("emulate")
    assert said.code == 2
    assert f"`gcloud components install {component}`" in said.err
    assert f"the package {emulator.package}" in said.err


def test_without_an_emulation_a_command_says_how_to_start_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    said = cli("executions", "list", "--on", "emulators")
    assert said.code == 2
    assert "tiercel emulate --env-file" in said.err


def test_when_the_emulation_has_ended_a_command_says_so_at_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    see_emulators()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    said = cli("executions", "list", "--on", "emulators")
    assert said.code == 2
    assert "nothing answers at FIRESTORE_EMULATOR_HOST=127.0.0.1:1" in said.err
    assert "tiercel emulate --env-file" in said.err
