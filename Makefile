# Needs make and Python >= 3.11; everything else is installed into .venv, exactly as requirements.lock says.

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked

# The first Python that is new enough, unless you name one: make PYTHON=python3.13 …
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench format install lock clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: install ## start everything for real, publish, show closed books, stop everything
	@$(BIN)/clarion demo

up: install ## start everything and stay up: API, console, Flower; Ctrl-C stops
	@$(BIN)/clarion up

test: install ## run every test
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: install ## format, lint, types, import rules: what the CI runs
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: install ## measure, and say on what machine
	@$(BIN)/python -m bench

format: install ## rewrite the code in the house format
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

install: $(LOCKED) ## make .venv as requirements.lock says (the other targets do it when needed)

$(LOCKED): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it: make PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@ln -sf ../../bin/clarion $(BIN)/clarion
	@touch $@

lock: ## bring requirements.lock up to pyproject.toml (remove it first to upgrade everything)
	@rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --all-extras --group dev pyproject.toml -o requirements.lock
	@rm -rf $(VENV)/lock

clean: ## remove .venv and what tools left behind; data in var/ stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
