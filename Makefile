# Two commands for a newcomer: `make run` and `make test`. Each sets up everything it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What is installed beside the tool itself: EXTRAS=dev,torch,probe also installs PyTorch, and runs its tests.
EXTRAS ?= dev
COMMA := ,
STAMP := $(VENV)/.installed-$(subst $(COMMA),-,$(EXTRAS))
JOBS ?= 2

.PHONY: help setup run test lint bench docs clean

help:
	@echo "make setup   create .venv with everything and compile the kernels once"
	@echo "make run     the whole job on the embedded sample; prints where the report is"
	@echo "make test    all tests"
	@echo "make lint    ruff and mypy; changes nothing"
	@echo "make bench   the benchmarks (minutes); see benchmarks/README.md"
	@echo "make docs    write docs/cli.md from the commands' own help"
	@echo "make clean   remove .venv, caches and the sample's output"

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "winnow needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'
	$(BIN)/python -m trainer.warm
	$(BIN)/python -m curation.warm
	@touch $(STAMP)

run: setup
	$(BIN)/winnow run sample -o winnow-sample

test: setup
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile
	$(BIN)/python -m pytest -m slow -n $(JOBS) --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target .benchmarks-data/peers -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks

docs: setup
	$(BIN)/python docs/build_cli.py

clean:
	rm -rf $(VENV) winnow-sample build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
