"""`tiercel test`: run the tests of flows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiercel.cli.looks import Part, is_plain, say
from tiercel.cli.options import output_option
from tiercel.cli.outcome import print_json
from tiercel.cli.sources import STDIN, name_of, read_flows, read_source, test_files
from tiercel.errors import FlowError

if TYPE_CHECKING:
    from tiercel.authoring.flowtests.reports import FileReport
    from tiercel.authoring.flowtests.running import Result
    from tiercel.authoring.flowtests.suites import Read
    from tiercel.graphs.topology import Name
    from tiercel.model.flow import Flow

    _Flows = tuple[dict[Name, Flow], list[FlowError]]
    """The flows of a place, and what is wrong with others there."""

FAILED = 1
"""The exit code when a case fails, or a test cannot be read."""
_LOOKS = {"PASSED": ("✔", "+", "green"), "FAILED": ("✘", "x", "red"), "SKIPPED": ("-", "-", "dim")}


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option("--flows", metavar="PATH", help="The flows: a folder or a file.  [default: the folder of the test]")
@click.option("--allow-outside", is_flag=True, help="Run tasks without a fixture even where they reach outside.")
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds that a case's tasks may take.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit's XML to this file too.")
@output_option
@click.pass_context
def test(
    ctx: click.Context,
    paths: tuple[str, ...],
    flows: str | None,
    allow_outside: bool,
    timeout: float,
    junit: Path | None,
    output: str,
) -> None:
    """Run tests of flows; a folder stands for every .test.yaml file below it, - for the standard input.

    Each case runs in a store of its own, with fixtures in place of tasks; one that would reach outside and has no
    fixture fails the case. Waits of the flow take no time.

    Exit code 0 if every case passes, else 1.
    """
    from tiercel.authoring.flowtests import reports

    flows_of = cache(_flows)
    session = _Session(flows, allow_outside, timeout, silent=output == "json", flows_of=flows_of)
    found = [session.run(file) for path in paths for file in _files(path)]
    if junit is not None:
        junit.write_bytes(reports.as_junit(found))
    if output == "json":
        print_json(reports.as_json(found))
    else:
        click.echo(_summary(found))
    ctx.exit(0 if found and all(report.has_passed for report in found) else FAILED)


def _files(path: str) -> Iterator[str]:
    found = list(test_files(path))
    if not found:
        click.echo(f"{path}: there is no .test.yaml or .test.yml file below this folder", err=True)
    yield from found


@dataclass(frozen=True)
class _Session:
    """How files of tests are run."""

    flows: str | None
    """Where the flows are; None for beside each test."""
    allow_outside: bool
    longest: float
    silent: bool
    flows_of: Callable[[str], _Flows]

    def run(self, file: str) -> FileReport:
        """Run the tests of a file."""
        from tiercel.authoring.flowtests.reports import FileReport
        from tiercel.authoring.flowtests.running import run_case

        problems: list[str] = []
        results: list[Result] = []
        try:
            for (_, suite), known in self._read(file):
                for case in suite.test_cases:
                    outside, longest = self.allow_outside, self.longest
                    results.append(run_case(known, suite, case, allow_outside=outside, longest=longest))
                    if not self.silent:
                        _say(results[-1])
        except FlowError as error:
            problems = str(error).splitlines()
            click.echo(str(error), err=True)
        return FileReport(name_of(file), problems, results)

    def _read(self, file: str) -> list[tuple[Read, dict[Name, Flow]]]:
        """Return the suites of a file, each with the flows that it needs.

        Raises:
            FlowError: A suite is wrong, or its flow is not there.
        """
        from tiercel.authoring.flowtests.suites import check_against, read_suites

        name = name_of(file)
        try:
            suites = read_suites(read_source(file), name)
        except OSError as error:
            raise FlowError(error.strerror or str(error), name) from None
        place = self.flows or ("." if file == STDIN else str(Path(file).parent))
        known, wrong = self.flows_of(place)
        for read in suites:
            if read[1].flow not in known:
                why = "".join(f"\n{error}" for error in wrong)
                text = f"there is no flow '{'.'.join(read[1].flow)}' in {place}; --flows names another place"
                raise FlowError(f"{text}{why}", name)
            check_against(known[read[1].flow], read, name)
        return [(read, known) for read in suites]


def _flows(place: str) -> _Flows:
    """Return the flows of a place, and what is wrong with others there."""
    found = [each for _, each in read_flows(place)]
    flows = {(flow.namespace, flow.id): flow for flow in found if not isinstance(flow, FlowError)}
    return flows, [each for each in found if isinstance(each, FlowError)]


def _say(result: Result) -> None:
    """Write a line about a case, and what is not as it should be."""
    from tiercel.authoring.flowtests.reports import lines_of

    symbol, plain, colour = _LOOKS[result.verdict]
    mark: Part = (plain if is_plain() else symbol, colour)
    seconds = "" if result.verdict == "SKIPPED" else f"  {result.seconds:.2f} s"
    say(mark, (f" {result.suite}.{result.case}", ""), (seconds, "dim"))
    for failure in result.failures:
        for line in lines_of(failure):
            click.echo(f"    {line}")


def _summary(reports: list[FileReport]) -> str:
    counts = dict.fromkeys(_LOOKS, 0)
    for report in reports:
        for result in report.results:
            counts[result.verdict] += 1
    parts = [f"{count} {verdict.lower()}" for verdict, count in counts.items() if count]
    unread = sum(bool(report.problems) for report in reports)
    parts += [f"{unread} file{'s' if unread > 1 else ''} not run"] if unread else []
    return ", ".join(parts) or "no tests"
