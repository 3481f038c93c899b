FITS := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(or $(shell for p in python3 python3.12 python3.11 python3.10; do \
  $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done),python3)
BIN := .venv/bin
PIP := --quiet --disable-pip-version-check --no-compile --use-pep517
ARGS ?=
# Two cores are busy with three: tests wait for the starts and the ends of processes.
WORKERS ?= 3

CONNECTORS := $(or $(FLINK_ABNORMAL_CONNECTORS),$(or $(FLINK_ABNORMAL_HOME),$(CURDIR))/.flink/connectors)

.PHONY: run test unit lint bench bench-engines bench-kills bench-commands bench-streams bench-costs bench-quick soak \
  dashboard setup connectors clean

run: setup
	@$(BIN)/flink-abnormal run $(ARGS)

# One worker runs the tests that share a cluster (tests/conftest.py). Without reordering the long ones come first, and
# the many short ones of unit/ fill up the end.
test: .venv/.dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Most of their time they wait, for servers that are slow on purpose.
unit:
	@$(MAKE) --no-print-directory test WORKERS=4 ARGS="tests/unit $(ARGS)"

dashboard: setup
	@$(BIN)/flink-abnormal dashboard $(ARGS)

bench: bench-engines bench-kills bench-commands bench-streams bench-costs

bench-engines bench-kills bench-commands bench-streams bench-costs: .venv/.bench .venv/peers/.ready
	@$(BIN)/python bench/$(@:bench-%=%).py --write $(ARGS)

bench-streams: connectors

bench-quick: setup
	@$(BIN)/python bench/engines.py --quick

soak: .venv/.bench
	@$(BIN)/python bench/soak.py $(ARGS)

lint: .venv/.dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo

# Jars that PyPI lacks: Flink's S3 plugin, what reads snapshots, the Kafka connector; and Kafka's broker.
connectors:
	@command -v mvn >/dev/null || { echo "make connectors needs Maven (mvn), which fetches Flink's jars: install it" \
	  "(Debian: apt-get install maven)."; exit 3; }
	@mvn --batch-mode --quiet --strict-checksums --file conf/connectors/pom.xml -Dconnectors.folder="$(abspath $(CONNECTORS))" package
	@mvn --batch-mode --quiet --strict-checksums --file conf/kafka/pom.xml -Dkafka.folder="$(abspath $(CONNECTORS))/kafka" package
	@echo "Flink's connectors are in $(abspath $(CONNECTORS))"

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c '$(FITS)' 2>/dev/null || { echo "PyFlink runs on Python 3.10, 3.11 or 3.12, and $(PYTHON) is" \
	  "$$($(PYTHON) -V 2>/dev/null || echo missing): install one of them beside it, with its venv (for example: uv" \
	  "python install 3.12), then run: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 3; }
	@echo "Setting up .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install $(PIP) -c constraints.txt -e '.[dashboard,kafka]'
	@$(BIN)/python -m flink_abnormal.runtime.java >/dev/null 2>&1 || \
	  $(BIN)/python -m pip install $(PIP) -c constraints.txt -e '.[jre]' || \
	  { echo "No Java 17 or 21 was found, and PyPI has none for this platform: install one, then run make again."; exit 3; }
	@touch $@

.venv/.dev: .venv/.ready
	@$(BIN)/python -m pip install $(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

.venv/.bench: .venv/.ready
	@$(BIN)/python -m pip install $(PIP) -c constraints.txt -e '.[bench]'
	@touch $@

.venv/peers/.ready: bench/peers/requirements.txt .venv/.ready
	@$(PYTHON) -m venv .venv/peers
	@.venv/peers/bin/python -m pip install $(PIP) -r bench/peers/requirements.txt
	@touch $@

clean:
	rm -rf .venv .flink build *.egg-info
