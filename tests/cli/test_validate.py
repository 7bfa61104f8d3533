"""`tiercel validate`: every problem with its place."""

from __future__ import annotations

from cli.calling import Cli, flow

GOOD = flow("id: a, type: io.kestra.plugin.core.log.Log, message: x")
BAD = flow("id: a, type: io.kestra.plugin.core.log.Log\nid: b, type: io.kestra.plugin.core.log.Nothing", name="bad")
OLD = flow("id: a, type: io.kestra.core.tasks.log.Log, message: x", name="old")


def test_valid_flows_are_named(cli: Cli) -> None:
    path = cli.file("a.yaml", GOOD)
    said = cli("validate", path)
    assert (said.code, said.out, said.err) == (0, f"{path}: tests.one is valid\n", "")


def test_every_problem_of_every_file_has_its_place(cli: Cli) -> None:
    good, bad = cli.file("a.yaml", GOOD), cli.file("b.yaml", BAD)
    said = cli("validate", good, bad)
    assert said.code == 1
    lines = said.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{bad}:5:")
    assert "tasks[0].message: " in lines[0]
    assert lines[1].startswith(f"{bad}:6:")
    assert "tasks[1].type: " in lines[1]
    assert "tests.one is valid" in said.out


def test_what_is_deprecated_is_a_notice(cli: Cli) -> None:
    said = cli("validate", cli.file("a.yaml", OLD))
    assert said.code == 0
    assert said.err.startswith("notice: ")
    assert "deprecated" in said.err


def test_a_folder_stands_for_the_flow_files_below_it(cli: Cli) -> None:
    for name, text in (("d/a.yaml", GOOD), ("d/deep/b.yml", OLD), ("d/.git/c.yaml", BAD), ("d/read.me", BAD)):
        cli.file(name, text)
    said = cli("validate", str(cli.folder / "d"), "--output", "json")
    assert said.code == 0
    assert [document["id"] for document in said.json] == ["one", "old"]


def test_a_file_may_hold_several_documents(cli: Cli) -> None:
    said = cli("validate", cli.file("a.yaml", GOOD + "---\n" + BAD), "--output", "json")
    assert said.code == 1
    assert [document["valid"] for document in said.json] == [True, False]
    assert [problem["path"] for problem in said.json[1]["problems"]] == ["tasks[0].message", "tasks[1].type"]
    assert said.json[1]["problems"][0]["line"] == 5 + GOOD.count("\n") + 1


def test_a_file_that_is_not_there_and_an_empty_folder_are_no_flows(cli: Cli) -> None:
    said = cli("validate", str(cli.folder / "x.yaml"), str(cli.folder))
    assert said.code == 1
    assert "x.yaml: No such file or directory" in said.err
    assert "no .yaml or .yml file" in said.err
