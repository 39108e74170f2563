# Everything a newcomer needs: `make run`, `make test`. The environment is .venv, from locked versions with hashes.
PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: run test check bench airflow samples readme format clean

run: .venv/.ready  ## the main job on data_samples/: land the feeds, publish the week's list
	$(BIN)/shoudai run

test: .venv/.ready  ## all tests
	$(BIN)/python -m pytest

check: .venv/.ready  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.ready .bench/.ready  ## benchmarks: ratios taken in one run, peak memory (BENCH_ROWS, BENCH_ENTITIES)
	$(BIN)/python -m tests.benchmarks

airflow: .venv/.ready  ## Airflow with our DAGs on loopback; Ctrl-C stops all of it
	$(BIN)/python -m pipelines.airflow_local

samples: .venv/.ready  ## make data_samples/ again (the same bytes)
	$(BIN)/python -m pipelines.simulate data_samples

readme: .venv/.ready  ## README.md with real output again
	$(BIN)/python .ci/readme.py

# Contenders stay out of .venv: Great Expectations changes its ways where PySpark is installed.
.bench/.ready: Makefile
	-$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .bench 'dlt[duckdb,filesystem]' pyspark
	@mkdir -p .bench && touch $@

lock:  ## requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --generate-hashes --python-version 3.11 --no-header --quiet -o requirements.lock

format: .venv/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .bench shoudai-home

# Debian's python3 comes without ensurepip, so the environment is filled by the pip outside it.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "shoudai needs Python 3.11; found $$($(PYTHON) --version)"; exit 1; }
	$(PYTHON) -m venv --without-pip --clear .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
