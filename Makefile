# Two commands on a fresh machine do everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .bench/dbos-venv

# Each file of tests in one of several processes; `tests/conftest.py` says which folders stay together.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4

.PHONY: help demo server test check check-infra checkov bench package worker-image deploy destroy coldstart counts cost emulate conformance-emulators install install-test ui screenshots clean

help:
	@echo "make demo     install, then run the flights pipeline on a PostgreSQL of its own"
	@echo "make server   install, then serve pages, REST API, webhooks and schedules on port 8080"
	@echo "make test     install, then run all tests"
	@echo "make check    formatting, lint, types, tests"
	@echo "make bench    durable task runs per second, beside DBOS on SQLite, in one run; ARGS=idle: that part alone"
	@echo "make ui       what the web pages load, into shared/tiercel/ui/built: needs Node, 18 or later"
	@echo "make package  one zip for each cloud function, in dist/functions"
	@echo "make worker-image  PROJECT=... [REGION=...] [PREFIX=...]: the image of the job of long tasks (docs/deploy.md)"
	@echo "make emulate  Google's emulators with the functions, on this machine"
	@echo "make conformance-emulators  the conformance suite on them: some four minutes"
	@echo "make deploy   PROJECT=... [REGION=...] [STATE=bucket]: everything into a Google Cloud project (docs/deploy.md)"
	@echo "make destroy  PROJECT=... [REGION=...] DATA=delete: out of it again, with what it holds"
	@echo "make check-infra  infra/ by terraform and checkov, without an account"
	@echo "make counts   operations on Google's services for each task, beside their bars; make cost: in dollars, idle too"
	@echo "make screenshots  the pictures of the pages in docs/screenshots: needs chromium"
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

# What the pages load: libraries as the lock file names them, bundled with our own modules.
UI := shared/tiercel/ui
UI_SOURCES := $(UI)/build.mjs $(shell find $(UI)/islands -name '*.js' -o -name '*.css')
UI_IF_NODE := $(if $(shell command -v npm),ui)

$(UI)/node_modules/.package-lock.json: $(UI)/package.json $(UI)/package-lock.json
	cd $(UI) && npm ci --ignore-scripts --loglevel=error
	@touch $@

$(UI)/built/manifest.json: $(UI)/node_modules/.package-lock.json $(UI_SOURCES)
	node $(UI)/build.mjs

ui: $(UI)/built/manifest.json

server: $(VENV)/.stamp-demo,server $(UI_IF_NODE)
	$(BIN)/tiercel server $(ARGS)

test: install-test $(UI_IF_NODE)
	$(PYTEST) $(ARGS)

check: $(VENV)/.stamp-dev $(UI_IF_NODE)
	$(BIN)/ruff format --check shared tests flows
	$(BIN)/ruff check shared tests flows
	$(BIN)/mypy
	$(PYTEST)

$(BENCH)/.stamp: tests/bench/dbos_side.py
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check dbos==3.4.0
	@touch $@

bench: install-test $(BENCH)/.stamp
	$(BIN)/python -m tests.bench $(ARGS)

package: install-test $(UI_IF_NODE)
	$(BIN)/python functions/package.py

counts: install-test
	cd tests && PYTHONPATH=.:plugins ../$(BIN)/python -m gcp.operations

cost: install-test
	cd tests && PYTHONPATH=.:plugins ../$(BIN)/python -m gcp.operations --cost
	cd tests && PYTHONPATH=.:plugins ../$(BIN)/python -m infra.idle

coldstart: install-test
	$(BIN)/python -m tests.bench.coldstart

screenshots: install-test ui
	cd tests && PYTHONPATH=. ../$(BIN)/python -m browser.screenshots

emulate: install-test
	$(BIN)/tiercel emulate $(ARGS)

# The scanner has packages that ours cannot stand beside: a folder of its own, which goes by its version.
CHECKOV_VERSION := 3.3.30
CHECKOV := .bench/checkov-$(CHECKOV_VERSION)
$(CHECKOV)/.stamp:
	$(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check checkov==$(CHECKOV_VERSION)
	@touch $@

check-infra: install-test $(CHECKOV)/.stamp
	TIERCEL_CHECKOV=$(CHECKOV)/bin/checkov $(BIN)/python -m pytest tests/infra $(ARGS)

# With this scanner in the environment, as CI has it, the tests of infra/ ask it.
checkov: $(CHECKOV)/.stamp
	@echo $(abspath $(CHECKOV))/bin/checkov

# Where to: `terraform` asks before it changes anything, unless AUTO=1.
REGION ?= europe-west1
TERRAFORM := terraform -chdir=infra
TARGET = -var project_id=$(PROJECT) -var region=$(REGION)
APPROVED = $(if $(AUTO),-auto-approve)

# Into the repository that `make deploy` has made; its name ends with a tag that goes by what is in it.
PREFIX ?= tiercel
WORKER = $(REGION)-docker.pkg.dev/$(PROJECT)/$(PREFIX)-functions/worker

worker-image: install-test
	@test -n "$(PROJECT)" || { echo "make worker-image: PROJECT is not given, wanted a project's id: make worker-image PROJECT=my-project" >&2; exit 2; }
	tag=$$($(BIN)/python functions/package.py --worker dist/worker) \
	  && gcloud builds submit dist/worker --project $(PROJECT) --region $(REGION) --tag $(WORKER):$$tag \
	  && echo "for infra/terraform.tfvars, before make deploy: worker_image = \"$(WORKER):$$tag\""

deploy: install-test $(UI_IF_NODE)
	@test -n "$(PROJECT)" || { echo "make deploy: PROJECT is not given, wanted a project's id: make deploy PROJECT=my-project" >&2; exit 2; }
	@echo "== 1 of 4: the zips"
	$(if $(UI_IF_NODE),,@echo "npm is not here: the pages come without editor, graphs and charts (make ui)")
	$(BIN)/python functions/package.py
	@echo "== 2 of 4: terraform init"
	@if command -v gcloud >/dev/null; then gcloud services enable cloudresourcemanager.googleapis.com serviceusage.googleapis.com --project $(PROJECT); else echo "gcloud is not here: the project's API cloudresourcemanager.googleapis.com must be on (docs/deploy.md)"; fi
	$(if $(STATE),cp infra/backend.tf.example infra/backend.tf)
	$(TERRAFORM) init -input=false $(if $(STATE),-backend-config=bucket=$(STATE))
	@echo "== 3 of 4: terraform apply (the first one builds six functions and some fifty indexes: minutes)"
	$(TERRAFORM) apply $(TARGET) $(APPROVED)
	@proxy=$$($(TERRAFORM) output -raw iap_command) && { test -z "$$proxy" || { echo "$$proxy"; $$proxy; }; }
	@echo "== 4 of 4: the flows of flows/, and a first execution"
	settings=$$($(TERRAFORM) output -raw env) && eval "$$settings" && $(BIN)/tiercel apply flows/ --to gcp && $(BIN)/tiercel run flows/hello.yaml --on gcp
	@$(TERRAFORM) output

destroy:
	@test -n "$(PROJECT)" || { echo "make destroy: PROJECT is not given, wanted a project's id: make destroy PROJECT=my-project" >&2; exit 2; }
	@test "$(DATA)" = delete || { echo "make destroy: this removes all flows, executions and files of $(PROJECT); say DATA=delete to have it so" >&2; exit 2; }
	$(TERRAFORM) apply $(TARGET) -var deletion_protection=false $(APPROVED)
	$(TERRAFORM) destroy $(TARGET) -var deletion_protection=false $(APPROVED)

conformance-emulators: install-test
	$(BIN)/python .ci/on_emulators.py $(ARGS)

clean:
	rm -rf $(VENV) $(UI)/node_modules $(UI)/built dist .bench .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis shared/*.egg-info
