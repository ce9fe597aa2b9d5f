# Two commands for a newcomer: `make demo` and `make test`. Both need Python 3.11 or newer and make, nothing else.

PYTHON  ?= python3
WORKERS ?= 4
SOAK    ?= 8
VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
# A lock is complete, so nothing is left to resolve: a release of tomorrow cannot get in beside what is pinned.
LOCKED  := $(PIP) install --no-deps --require-hashes --requirement
PYTEST  := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test coverage test-peers soak check bench profile pictures lock format hooks clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/runtime.stamp ## install, and live through a school term on the embedded database
	$(BIN)/rectiflow demo

test: $(VENV)/dev.stamp ## every test that pip's packages are enough for
	$(PYTEST) --ignore=tests/peers --numprocesses=$(WORKERS) --dist=worksteal --durations=15

coverage: $(VENV)/dev.stamp ## the same, counting lines and branches by folder (half as long again)
	$(PYTEST) --ignore=tests/peers --numprocesses=$(WORKERS) --dist=worksteal --cov --cov-report=
	@$(BIN)/python tests/support/coverage_by_folder.py

test-peers: $(VENV)/dev.stamp ## the tests against peers that pip cannot install (see .ci/run)
	$(PYTEST) tests/peers

soak: $(VENV)/dev.stamp ## the tests of faults, SOAK times as long (8: 240 kills each on SQLite and PostgreSQL)
	RECTIFLOW_SOAK=$(SOAK) $(PYTEST) tests/faults --timeout=1800 --capture=no

check: $(VENV)/dev.stamp ## lint, format, types, layers, and what the wheel holds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	rm -rf build/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel . >/dev/null
	$(BIN)/check-wheel-contents build/wheel
	$(PYTEST) --quiet tests/test_packaging.py

bench: $(VENV)/dev.stamp ## measure, side by side, as ratios (QUICK=1: three minutes)
	$(BIN)/python -m bench $(if $(QUICK),--quick)

profile: $(VENV)/dev.stamp ## sample the hot path: a table, and a flame graph in bench/out/hotpath.svg
	$(BIN)/python -m bench.hotpath

pictures: $(VENV)/dev.stamp ## take the pictures of docs/pictures anew (needs Chromium and fonts, see .ci/run)
	PYTHONPATH=tests $(BIN)/python -m support.mail_pictures

format: $(VENV)/dev.stamp ## bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(VENV)/dev.stamp ## let git run the quick checks before each commit
	$(BIN)/prek install

# The locks are for Python 3.11 and newer on every system; they name no registry, and pip checks every hash.
UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --quiet $(UPGRADE)

lock: | $(BIN)/uv ## pin again after a change in pyproject.toml (UPGRADE=--upgrade takes newer releases)
	$(UV_COMPILE) --output-file requirements.lock
	$(UV_COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove what the targets made
	rm -rf $(VENV) bench/.venvs build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed; name it: make PYTHON=python3.12 $(MAKECMDGOALS)'; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo 'This Python cannot make a virtual environment; on Debian, install python3-venv.'; exit 1; }

$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo 'installing what Rectiflow needs into $(VENV) …'
	@$(LOCKED) requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/uv:
	@$(MAKE) $(VENV)/dev.stamp

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@echo 'installing what the tests need …'
	@$(LOCKED) requirements-dev.lock
	@$(PIP) check
	@touch $@
