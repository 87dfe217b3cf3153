# `make` checks everything that CI checks. `make setup` alone prepares the virtual environment.
PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?= -n 2 --dist loadscope

# Without bytecode files JAX takes three times as long to import, in each of many processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := check
.PHONY: check setup demo test coverage lint bench

check: lint test demo

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make setup: $(PYTHON) is `$(PYTHON) --version 2>&1`, Assay needs Python 3.11 or later. Name one that you have: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make setup: $(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev,examples]' --constraint constraints.txt
	@touch $@

demo: setup
	rm -rf build/demo
	mkdir -p build/demo
	$(BIN)/assay run examples/first --ledger build/demo/assay.db
	$(BIN)/assay gate examples/first digits --release --ledger build/demo/assay.db
	$(BIN)/assay watch examples/first digits --data python:data.py:digits_later --ledger build/demo/assay.db
	$(BIN)/assay report examples/first --out build/demo/report.html --ledger build/demo/assay.db

# Two test processes on two cores: each library keeps to one thread, XLA to its smallest safe pool.
test coverage: export OMP_NUM_THREADS = 1
test coverage: export OPENBLAS_NUM_THREADS = 1
test coverage: export POLARS_MAX_THREADS = 1
test coverage: export NPROC = 2
test coverage: export XLA_FLAGS = --xla_cpu_multi_thread_eigen=false
test: setup
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Apart from the tests: tracing each line slows what JAX traces most of all.
coverage: setup
	$(BIN)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=term --cov-fail-under=90

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

bench: setup
	@set -e; for script in $(wildcard benchmarks/[a-z]*.py); do echo "== $$script"; $(BIN)/python $$script; done
