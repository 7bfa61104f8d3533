"""Python scripts: the helper, the names of JSON, and cached environments."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fake_context import FakeContext

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.scripts import python
from tiercel.tasks.scripts import python_environments as environments
from tiercel.tasks.scripts.python_environments import Recipe, environment, normalise, uv_for
from tiercel.tasks.scripts.pythons import Python
from tiercel.tasks.scripts.runners import PROCESS

RUNNER = {"type": PROCESS}


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give pip a folder with one small package and nothing else, so that no test needs a network."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    _wheel(folder, "tiny-thing", "1.0")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def _wheel(folder: Path, name: str, version: str) -> None:
    import zipfile

    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}.py", f"version = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def run(ctx: FakeContext, script: str, **properties: object) -> Mapping[str, object]:
    return ctx.run(python.Script, taskRunner=RUNNER, script=script, **properties)


SAY = "from kestra import Kestra\n"


def test_the_helper_and_the_names_of_json_are_there(ctx: FakeContext) -> None:
    ctx.variables = {**ctx.variables, "rows": [{"a": True, "b": None}]}
    outputs = run(
        ctx,
        "from __future__ import annotations\n" + SAY + "rows = {{ rows }}\nKestra.outputs({'rows': rows})\n"
        "Kestra.counter('n', 2, {'k': 'v'})\nKestra.timer('t', lambda: None)\nKestra.gauge('g', 1.5)\n"
        "Kestra.logger().warning('careful')\nKestra.logger().info('fine')\n",
    )
    assert outputs["vars"] == {"rows": [{"a": True, "b": None}]}
    assert [(metric.name, metric.kind) for metric in ctx.metrics] == [("n", "counter"), ("t", "timer"), ("g", "gauge")]
    logged = {(level, text.partition(" - ")[2]) for level, text in ctx.logs}
    assert logged == {(Level.WARN, "careful"), (Level.INFO, "fine")}


def test_a_traceback_has_the_scripts_own_lines(ctx: FakeContext) -> None:
    with pytest.raises(TaskError, match="exit code 1: ZeroDivisionError"):
        run(ctx, "x = 1\n1/0\n")
    assert any("line 2" in line for line in ctx.messages(Level.ERROR))


def test_a_script_imports_its_neighbours_and_reads_the_context(ctx: FakeContext) -> None:
    outputs = run(
        ctx,
        SAY + "from kestra import context\nimport part\nKestra.outputs({'n': part.n, 'flow': context['flow']['id']})",
        inputFiles={"part.py": "n = 1"},
        outputFiles=["*.py", "**/*.json"],
    )
    assert outputs["vars"] == {"n": 1, "flow": "flow"}
    files = outputs["outputFiles"]
    assert isinstance(files, dict)
    assert list(files) == ["part.py"]


def test_another_sitecustomize_still_runs(ctx: FakeContext) -> None:
    (ctx.working_dir / "site").mkdir()
    (ctx.working_dir / "site/sitecustomize.py").write_text("import builtins\nbuiltins.theirs = 1\n")
    run(ctx, "print(theirs, true)", env={"PYTHONPATH": "{{ workingDir }}/site"})
    assert ctx.messages() == ["1 True"]


def test_python_is_there_where_only_python3_is(ctx: FakeContext) -> None:
    only = ctx.root / "only"
    only.mkdir()
    (only / "python3").symlink_to(sys.executable)
    ctx.run(
        python.Commands, taskRunner=RUNNER, commands=["python -c 'print(1)'"], env={"PATH": f"{only}:/usr/sbin:/sbin"},
        interpreter=["/bin/sh", "-c"],
    )  # fmt: skip
    assert ctx.messages() == ["1"]


# ------------------------------------------------------------------ dependencies


def test_dependencies_are_installed_once(ctx: FakeContext, wheels: Path) -> None:
    run(ctx, "import tiny_thing; print(tiny_thing.version)", dependencies=["tiny-thing"])
    assert ctx.messages()[-1] == "1.0"
    assert len(ctx.messages(Level.INFO)) == 3
    ctx.logs.clear()
    run(ctx, "import tiny_thing; print(tiny_thing.version)", dependencies=["Tiny_Thing  # again"])
    assert ctx.messages() == ["1.0"]


def test_a_failed_installation_ends_with_pips_last_lines_and_leaves_nothing(ctx: FakeContext, wheels: Path) -> None:
    with pytest.raises(TaskError, match=r"(?s)not-there.*No matching distribution found for not-there"):
        run(ctx, "pass", dependencies=["not-there"])
    assert [path for path in (ctx.cache_dir / "envs").iterdir() if path.suffix != ".lock"] == []


def test_what_commands_install_does_not_stay(ctx: FakeContext, wheels: Path) -> None:
    _wheel(wheels, "other-thing", "2.0")
    ctx.run(
        python.Commands,
        taskRunner=RUNNER,
        dependencies=["tiny-thing"],
        beforeCommands=["pip install --quiet other-thing"],
        commands=["python -c 'import other_thing, tiny_thing; print(other_thing.version, tiny_thing.version)'"],
    )
    assert ctx.messages()[-1] == "2.0 1.0"
    with pytest.raises(TaskError, match="other_thing"):
        run(ctx, "import other_thing", dependencies=["tiny-thing"])


def test_the_image_says_which_python(ctx: FakeContext) -> None:
    version = "{}.{}".format(*sys.version_info)
    ctx.run(
        python.Script,
        containerImage=f"python:{version}-slim",
        script="import sys; print(sys.version_info[:2], sys.prefix)",
    )
    assert len(ctx.messages(Level.WARN)) == 1
    assert ctx.messages()[-1].startswith(str(sys.version_info[:2]))
    assert str(ctx.cache_dir) in ctx.messages()[-1]


def test_a_python_that_is_not_here_is_replaced_with_a_warning(
    ctx: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python, "uv_for", lambda _: None)
    run(ctx, "print(1)", pythonVersion="3.99")
    assert "3.99 is not installed" in ctx.messages(Level.WARN)[0]
    assert ctx.messages()[-1] == "1"


def test_requirements_are_the_same_in_any_order_and_spelling() -> None:
    assert normalise(["B_b >= 1", "a", "", "# note", "a"]) == normalise(["a", "b-b>= 1"])
    assert normalise(["a[x]==1"]) != normalise(["a==1"])
    assert normalise(["git+https://host/R_x.git#egg=r"]) == ("git+https://host/R_x.git#egg=r",)


def test_uv_is_not_used_where_only_pip_knows_the_index(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    conf = any("index-url" in f.read_text() for f in [Path("/etc/pip.conf")] if f.exists())
    if not conf:
        assert uv_for(env) == str(uv)
    assert uv_for({**env, "PIP_INDEX_URL": "https://x"}) is None
    assert uv_for({**env, "PIP_INDEX_URL": "https://x", "UV_INDEX_URL": "https://x"}) == str(uv)
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip/pip.conf").write_text("[global]\nindex-url = https://x\n")
    assert uv_for(env) is None


# ------------------------------------------------------------------ the cache


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replace the installer by one that only notes where it built, and takes its time."""
    done: list[Path] = []

    def build(_: object, __: object, folder: Path) -> None:
        done.append(folder)
        time.sleep(0.1)
        (folder / "bin").mkdir()
        (folder / "bin/python").touch()

    monkeypatch.setattr(environments, "build", build)
    return done


def recipe(ctx: FakeContext, *dependencies: str) -> Recipe:
    return Recipe(Python("/usr/bin/python3", "3.11.7"), normalise(dependencies), {}, None, ctx.working_dir)


def test_two_at_once_make_it_once(ctx: FakeContext, builds: list[Path]) -> None:
    found: list[Path] = []

    def use() -> None:
        with environment(ctx, recipe(ctx, "a", "b")) as folder:
            found.append(folder)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert len(found) == 4
    assert set(found) == set(builds)


def test_a_crash_in_the_middle_leaves_nothing_that_is_used(ctx: FakeContext, builds: list[Path]) -> None:
    key = recipe(ctx, "a").key
    left = ctx.cache_dir / "envs" / f"{key}.crashed.d"
    (left / "bin").mkdir(parents=True)
    (left / "bin/python").touch()
    with environment(ctx, recipe(ctx, "a")) as folder:
        assert folder != left
    assert not left.exists()
    assert len(builds) == 1


def test_an_environment_whose_interpreter_is_gone_is_made_again(ctx: FakeContext, builds: list[Path]) -> None:
    with environment(ctx, recipe(ctx, "a")) as folder:
        (folder / "bin/python").unlink()
    with environment(ctx, recipe(ctx, "a")):
        assert len(builds) == 2


def test_an_environment_unused_for_long_is_removed_unless_it_is_held(ctx: FakeContext, builds: list[Path]) -> None:
    with environment(ctx, recipe(ctx, "old")) as old, environment(ctx, recipe(ctx, "held")) as held:
        pass
    with environment(ctx, recipe(ctx, "held")):
        for folder in (old, held):
            os.utime(folder, (1, 1))
        with environment(ctx, recipe(ctx, "new")):
            assert not old.exists()
            assert held.exists()


def test_a_cached_environment_costs_little(ctx: FakeContext, builds: list[Path]) -> None:
    for _ in range(2):
        start = time.perf_counter()
        with environment(ctx, recipe(ctx, "a")):
            taken = time.perf_counter() - start
    assert taken < 0.5  # building one takes seconds


def test_a_stop_while_waiting_for_another_maker_is_heard(ctx: FakeContext, builds: list[Path]) -> None:
    import fcntl

    folder = ctx.cache_dir / "envs"
    folder.mkdir()
    file = os.open(folder / f"{recipe(ctx, 'a').key}.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        threading.Timer(0.1, ctx.cancel).start()
        with pytest.raises(TaskError, match="stopped"), environment(ctx, recipe(ctx, "a")):
            pass
    finally:
        os.close(file)


@pytest.fixture
def old_python() -> Iterator[str]:
    """Give another version of Python than ours, if the machine has one that runs."""
    root = Path.home() / ".pyenv/versions"
    for found in sorted(root.glob("3.*/bin/python"), reverse=True):
        if not found.parts[-3].startswith("{}.{}.".format(*sys.version_info)):
            works = subprocess.run([found, "-c", "import venv, ensurepip"], capture_output=True, check=False)
            if works.returncode == 0:
                yield found.parts[-3]
                return
    pytest.skip("no other Python here")


def test_another_version_of_python_gets_its_own_environment(ctx: FakeContext, wheels: Path, old_python: str) -> None:
    outputs = run(
        ctx,
        SAY + "import sys, tiny_thing\nKestra.outputs({'v': sys.version.split()[0]})\n",
        pythonVersion=old_python,
        dependencies=["tiny-thing"],
        packageManager="PIP",
    )
    assert outputs["vars"] == {"v": old_python}
