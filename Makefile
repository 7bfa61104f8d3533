# Two commands on a fresh machine do everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .bench/dbos-venv

.PHONY: help demo test check bench package coldstart emulate conformance-emulators install install-test clean

help:
	@echo "make demo     install, then run the flights pipeline on a PostgreSQL of its own"
	@echo "make test     install, then run all tests"
	@echo "make check    formatting, lint, types, tests"
	@echo "make bench    durable task runs per second, beside DBOS on SQLite, in one run"
	@echo "make package  one zip for each cloud function, in dist/functions"
	@echo "make emulate  Google's emulators with the functions, on this machine"
	@echo "make conformance-emulators  the conformance suite on them: some four minutes"
	@echo "make coldstart  what a function's process costs before its first work"
	@echo "make clean    remove what these commands made"

# A stamp for each set of extras: pip runs again only when pyproject.toml has changed.
$(VENV)/.stamp-%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

install: $(VENV)/.stamp-demo
install-test: $(VENV)/.stamp-test

demo: install
	$(BIN)/python flows/demo.py $(ARGS)

test: install-test
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.stamp-dev
	$(BIN)/ruff format --check shared tests flows
	$(BIN)/ruff check shared tests flows
	$(BIN)/mypy
	$(BIN)/python -m pytest

$(BENCH)/.stamp: tests/bench/dbos_side.py
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check dbos==3.4.0
	@touch $@

bench: install-test $(BENCH)/.stamp
	$(BIN)/python -m tests.bench $(ARGS)

package: install-test
	$(BIN)/python functions/package.py

coldstart: install-test
	$(BIN)/python -m tests.bench.coldstart

emulate: install-test
	$(BIN)/tiercel emulate $(ARGS)

conformance-emulators: install-test
	$(BIN)/python .ci/on_emulators.py $(ARGS)

clean:
	rm -rf $(VENV) dist .bench .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis shared/*.egg-info
