# Lineside. `make demo` runs a whole factory on this machine; `make test` runs every test.
# Needs make and python3 >= 3.11 (PYTHON=... chooses another); everything else goes into .venv here.
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS = never
BIN := .venv/bin

.PHONY: setup demo test test-fast check bench torture pictures lock proto help

help:
	@echo "make demo       the whole factory on localhost"
	@echo "make test       every test (installs what is missing, as root on Debian or Ubuntu)"
	@echo "make test-fast  what needs no server: a minute"
	@echo "make check      ruff, mypy, import-linter"
	@echo "make bench      measured figures, beside a peer or the physical limit -> bench.json"
	@echo "make pictures   the pictures of the README, drawn from a served plant -> plant_server/pictures"
	@echo "make torture    1000 kills, 3000 power cuts, 100 kills up to the ERP, pulled cables, half an hour of an edge -> torture.json"

setup: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Lineside needs Python 3.11 or newer; choose one with PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: setup
	$(BIN)/lineside demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-fast: setup
	$(BIN)/python -m pytest -n 2 -m "not system" tests

test: setup
	$(BIN)/python tests/prerequisites.py
	$(MAKE) check
	$(BIN)/python -m tests.tryton.installed
	$(BIN)/python -m pytest -n 2 -m "not system" tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m system tests --ignore=tests/system
	$(BIN)/python -m pytest -n 2 --dist loadfile -m system tests/system

bench: setup
	$(BIN)/python tests/prerequisites.py
	$(BIN)/python -m tests.benchmarks

torture: setup
	$(BIN)/python tests/prerequisites.py
	$(BIN)/python -m tests.benchmarks --torture

pictures: setup
	LINESIDE_PICTURES=plant_server/pictures $(BIN)/python -m pytest -n 0 -m system -k "not kept" tests/browser/test_pictures.py

lock: setup
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --generate-hashes --no-header --quiet --output-file requirements.lock

proto: setup
	$(BIN)/python -m grpc_tools.protoc --proto_path=edge/contract --python_out=edge/contract --pyi_out=edge/contract sparkplug.proto
