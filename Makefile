# make demo | test | quick | lint | docs-check | shots | bench | format | clean.  The first call makes .venv; a second one is quick.

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check -q
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3
JOBS   ?= 2
ARGS   ?=

# A Python that can be used: 3.11 to 3.14 (the versions that the pinned packages are made for), with venv and pip.
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint docs-check shots bench format clean

help:
	@echo "make demo        train a network on the bundled digits        (ARGS='train iris' for another command)"
	@echo "make test        the whole suite, oracles included            (ARGS='-k relu', JOBS=4)"
	@echo "make quick       the suite without its slow tests"
	@echo "make lint        style, types, rooms, repository"
	@echo "make docs-check  run what the pages show and compare"
	@echo "make shots       take pictures of every page with Chromium      (ARGS=trace)"
	@echo "make bench       compare speeds with other libraries and with the limit   (ARGS=--quick)"
	@echo "make format      put the source into its shape"
	@echo "make clean       remove what make made, .venv included"

demo: $(VENV)/.run
	$(BIN)/backlit $(or $(ARGS),train digits)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

quick: $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_repository.py

docs-check: $(VENV)/.run
	$(BIN)/python tools/check_docs.py $(ARGS)

shots: $(VENV)/.test
	$(BIN)/python tools/shots.py $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/backlit bench --lang en --out benchmarks $(ARGS)

format: $(VENV)/.lint
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the environment: an empty file stands for each step that is done ------------------------------------

$(VENV)/.made:
	@for python in $(PYTHON); do \
	    if $$python -c '$(USABLE)' >/dev/null 2>&1; then \
	        echo "making $(VENV) with $$python"; \
	        $$python -m venv --clear $(VENV) && touch $@ && exit 0; \
	    fi; \
	done; \
	echo "Backlit needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module; tried: $(PYTHON)." >&2; \
	echo "On Debian and Ubuntu: apt-get install python3-venv.  Or name one: make PYTHON=path/to/python3.12 ..." >&2; \
	exit 1

$(VENV)/.packages: $(VENV)/.made requirements/run.txt requirements/build.txt
	$(PIP) -r requirements/build.txt -r requirements/run.txt
	@touch $@

$(VENV)/.run: $(VENV)/.packages pyproject.toml src/backlit/version.py
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	$(PIP) -r requirements/test.txt
	@touch $@

$(VENV)/.lint: $(VENV)/.run requirements/lint.txt
	$(PIP) -r requirements/lint.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.test requirements/bench.txt
	$(PIP) -r requirements/bench.txt
	@touch $@
