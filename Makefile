# Everything that one does with Modstamp. `make help` lists it.
#
# Variables: PYTHON (3.11 or newer), STATE (folder of all local state), PORT (Airflow's UI), SIZE (Leads of the sample org),
# SEED (of the sample org), DETACH=1 (make run returns after its summary), TESTS (what make test runs), SEEDS and KILLS (of
# make chaos), AIRFLOW=1 (make chaos with a whole Airflow).

PYTHON ?= python3
STATE  ?= .modstamp
PORT   ?= 8080
SIZE   ?= 2000
SEED   ?= 7
TESTS  ?= tests
SEEDS  ?= 30
KILLS  ?= 1000

UV_VERSION := 0.13.8
VENV       := .venv
BIN        := $(VENV)/bin
UV         := $(VENV)/tool/bin/uv
READY      := $(VENV)/.ready
LOCKS      := requirements.txt requirements-dev.txt
# An index is a matter of the machine, so none may get into the lock files.
COMPILE     = $(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes \
              --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help env run stop org test check chaos interop lock clean

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(READY)  ## Create the environment (done by the others when needed)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(VENV)/tool uv==$(UV_VERSION)

# Bytecode is compiled here once, because every task of Airflow is a process that would compile it again.
$(READY): $(LOCKS) pyproject.toml | $(UV)
	$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode $(LOCKS)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY)  ## Set up and run the main job on a sample org; UI stays up until Ctrl-C (DETACH=1: until make stop)
	@$(BIN)/python -m sandbox.stack run --state $(STATE) --port $(PORT) --size $(SIZE) --seed $(SEED) $(if $(DETACH),--detach)

stop: $(READY)  ## Stop what make run started
	@$(BIN)/python -m sandbox.stack stop --state $(STATE)

org: $(READY)  ## Generate the sample org of SIZE Leads anew (make stop first)
	@$(BIN)/python -m sandbox.stack org --state $(STATE) --size $(SIZE) --seed $(SEED)

test: $(READY)  ## Run the whole suite
	$(BIN)/python -m pytest -n 2 --dist loadfile $(TESTS)

check: $(READY)  ## Lint, types, import rules, mapping files, compose file
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m modstamp lint
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

chaos: $(READY)  ## SEEDS worlds with kill -9 and faults: nothing lost, nothing doubled? (goes on where it was stopped)
	$(BIN)/python -m bench.chaos --state $(STATE)/chaos --seeds $(SEEDS) --kills $(KILLS) $(if $(AIRFLOW),--airflow)

interop: $(READY)  ## Foreign clients read and write through the local Salesforce
	$(BIN)/python -m pytest -m interop tests/interop

lock: | $(UV)  ## Resolve requirements*.in into the pinned requirements*.txt
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

clean:  ## Remove environment, state and caches
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m sandbox.stack stop --state $(STATE); fi
	rm -rf $(VENV) $(STATE) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis plugins/*.egg-info
