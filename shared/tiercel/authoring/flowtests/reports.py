"""What tests have found, for machines: JSON, and the XML of JUnit that build servers read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tiercel.authoring.flowtests.judging import Failure
from tiercel.authoring.flowtests.running import Result

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow."""


@dataclass(frozen=True)
class FileReport:
    """What one file of tests has given."""

    file: str
    problems: list[str]
    """Why its tests could not be run."""
    results: list[Result]

    @property
    def has_passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and all(result.verdict != "FAILED" for result in self.results)


def as_json(reports: Sequence[FileReport]) -> dict[str, Any]:
    """Return reports as one JSON document."""
    results = [result for report in reports for result in report.results]
    counts = {
        verdict.lower(): sum(result.verdict == verdict for result in results)
        for verdict in ("PASSED", "FAILED", "SKIPPED")
    }
    files = [
        {
            "file": report.file,
            "problems": report.problems,
            "cases": [{**asdict(result), "seconds": round(result.seconds, 3)} for result in report.results],
        }
        for report in reports
    ]
    return {"success": all(report.has_passed for report in reports), **counts, "files": files}


def as_junit(reports: Sequence[FileReport]) -> bytes:
    """Return reports as JUnit's XML: a test suite for each file, a test case for each case."""
    root = Element("testsuites", name="tiercel test")
    for report in reports:
        counts = {
            "tests": len(report.results) + bool(report.problems),
            "failures": sum(result.verdict == "FAILED" for result in report.results),
            "errors": int(bool(report.problems)),
            "skipped": sum(result.verdict == "SKIPPED" for result in report.results),
        }
        time = f"{sum(result.seconds for result in report.results):.3f}"
        numbers = {name: str(count) for name, count in counts.items()}
        suite = SubElement(root, "testsuite", {"name": _text(report.file), "time": time, **numbers})
        if report.problems:
            case = SubElement(suite, "testcase", name=_text(report.file), classname=_text(report.file))
            SubElement(case, "error", message="the tests cannot be run").text = _text("\n".join(report.problems))
        for result in report.results:
            _case(suite, result)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _case(suite: Element, result: Result) -> None:
    seconds = f"{result.seconds:.3f}"
    case = SubElement(suite, "testcase", name=_text(result.case), classname=_text(result.suite), time=seconds)
    if result.verdict == "SKIPPED":
        SubElement(case, "skipped")
    if result.failures:
        lines = [line for failure in result.failures for line in lines_of(failure)]
        failed = SubElement(case, "failure", message=_text(lines[0]), type="AssertionError")
        failed.text = _text("\n".join(lines))


def _text(text: str) -> str:
    return _NO_XML.sub("?", text)


def lines_of(failure: Failure) -> list[str]:
    """Return a failure as lines for people."""
    if failure.assertion is None:
        return [failure.message]
    remark = f" ({failure.description})" if failure.description else ""
    lines = [f"{failure.assertion}: {failure.message}{remark}"]
    if failure.operator is not None:
        actual = "there is nothing of this name" if failure.actual is None else failure.actual
        lines += [f"  expected  {failure.operator} {failure.expected}", f"  actual    {actual}"]
    return lines
