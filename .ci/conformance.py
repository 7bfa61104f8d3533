"""Judge a report of the conformance suite: nothing that passed before may fail, and only disputed cases at all."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def disputed() -> set[str]:
    """Return the ids of the cases that are allowed to fail."""
    lines = (HERE / "conformance-disputed").read_text(encoding="utf-8").splitlines()
    return {line.partition(":")[0] for line in lines if line and not line.startswith("#")}


def main() -> int:
    """Print the verdict; return 1 when a case fails that may not, or fewer pass than before."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    floor = int((HERE / "conformance-floor").read_text(encoding="utf-8"))
    passed = report["counts"]["passed"]
    failed = [case["id"] for case in report["cases"] if case["outcome"] == "failed"]
    unexpected = sorted(set(failed) - disputed())
    known = sorted(set(failed) & disputed())
    print(f"conformance: {passed} pass, {floor} are asked for; disputed and failing: {known}")
    if unexpected:
        print(f"conformance: these fail and are not disputed: {', '.join(unexpected)}")
    return 1 if passed < floor or unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
