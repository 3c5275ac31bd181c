# Everything a developer types. `make help` lists it; every target sets the machine up first.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard shared/*/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml))

# The first of these that runs and is new enough makes the virtual environment.
PYTHON ?= python3 python3.13 python3.12 python3.11

PYTEST := $(BIN)/pytest
PARALLEL ?= -n auto
# These start the whole system, or a broker they stop and kill: one after the other.
SERIAL_TESTS := $(wildcard tests/kafka tests/faults/planted tests/e2e)
UNIT_TESTS := $(wildcard services/*/tests/unit deploy/local/tests)
KERNEL_TESTS := $(wildcard shared/*/tests)
RULE_TESTS := $(wildcard tests/architecture tests/contracts tests/edge tests/bench \
  tests/faults/test_*.py)
SOURCES := shared services deploy tests

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ The system on this machine

.PHONY: run
run: $(STAMP) ## Run everything with demo data until Ctrl-C
	@exec $(BIN)/kehu up --foreground --demo

.PHONY: up
up: $(STAMP) ## Start everything in the background; returns when all is ready
	@$(BIN)/kehu up

.PHONY: restart
restart: $(STAMP) ## Replace every service by a new process while the system goes on serving
	@$(BIN)/kehu restart

.PHONY: down
down: $(STAMP) ## Stop everything
	@$(BIN)/kehu down

.PHONY: status
status: $(STAMP) ## Show the processes, their ports and memory
	@$(BIN)/kehu status

.PHONY: token
token: $(STAMP) ## Print an administrator's token of the tenant demo (make -s token: nothing else; ARGS="--row-scope own")
	@$(BIN)/kehu token $(ARGS)

.PHONY: demo
demo: $(STAMP) ## Load the demo data into the running system
	@$(BIN)/kehu demo

.PHONY: logs
logs: $(STAMP) ## Follow the logs of all processes
	@exec $(BIN)/kehu logs --follow

.PHONY: kafka
kafka: $(STAMP) ## Start Apache Kafka as the broker (needs Java 17 and Maven)
	@$(BIN)/kehu kafka

##@ Tests

.PHONY: test
test: $(STAMP) ## Run all tests on embedded servers
	$(PYTEST) $(PARALLEL) $(RULE_TESTS) $(KERNEL_TESTS) $(wildcard services/*/tests) deploy/local/tests
	$(if $(SERIAL_TESTS),$(PYTEST) -n0 -m "not durability" $(SERIAL_TESTS))

.PHONY: test-unit
test-unit: $(STAMP) ## Rules and pure functions, the local run
	$(PYTEST) $(PARALLEL) $(UNIT_TESTS)

.PHONY: test-api
test-api: $(STAMP) ## Every operation of every service, on PostgreSQL
	$(PYTEST) $(PARALLEL) $(wildcard services/*/tests/api tests/edge)

.PHONY: test-consumers
test-consumers: $(STAMP) ## Event handlers, relay and projections, on PostgreSQL
	$(PYTEST) $(PARALLEL) $(wildcard services/*/tests/consumers) $(KERNEL_TESTS)

.PHONY: test-kafka
test-kafka: $(STAMP) ## Broker and end-to-end tests on Apache Kafka (needs Java 17 and Maven)
	$(BIN)/kehu kafka --fetch
	KEHU_TEST_BROKER=apache $(PYTEST) -n0 $(SERIAL_TESTS)

.PHONY: test-e2e
test-e2e: $(STAMP) ## The whole system, on the embedded broker
	$(PYTEST) -n0 -m "not durability" $(wildcard tests/e2e)

##@ Speed

.PHONY: bench
bench: $(STAMP) ## Measure, beside floors; ONLY=command QUICK=1 PROFILE=1 BASE=file STRICT=1
	@PYTHONPATH=tests $(BIN)/python -m bench

##@ Under fire

.PHONY: test-planted
test-planted: $(STAMP) ## Storms that must find every planted bug, and none without (KEHU_SEED=...)
	$(PYTEST) -n0 tests/faults/planted

# Repeat a failure with the seed it printed: make test-fuzz SEED=17
SEED ?= 20261121
FUZZ := SEED=$(SEED) $(PYTEST) -n0 -s -p no:randomly --hypothesis-seed=$(SEED) tests/fuzz

.PHONY: test-fuzz
test-fuzz: $(STAMP) ## Every documented operation and every consumer, with good and bad data
	$(FUZZ)

.PHONY: fuzz
fuzz: $(STAMP) ## The same for longer: make fuzz SECONDS=600 MAX_EXAMPLES=200
	FUZZ_SECONDS=$(or $(SECONDS),300) MAX_EXAMPLES=$(or $(MAX_EXAMPLES),100) $(FUZZ)

.PHONY: test-load
test-load: $(STAMP) ## Overload, rolling restart under load, poison: the whole system, about three minutes
	$(PYTEST) -n0 $(wildcard tests/load)

.PHONY: test-faults
test-faults: $(STAMP) ## Faults under load on Apache Kafka: nothing lost, nothing twice (SEED=...)
	$(BIN)/kehu kafka --fetch
	$(PYTEST) -n0 -rP tests/faults/system

GIVEN_SEED = $(filter command environment,$(firstword $(origin SEED)))
.PHONY: soak
soak: $(STAMP) ## Random faults under load for SECONDS=600, all kinds at once (SEED=...)
	$(BIN)/kehu kafka --fetch
	PYTHONPATH=tests $(BIN)/python -m faults.campaign --seconds $(or $(SECONDS),600) $(if $(GIVEN_SEED),--seed $(SEED))

##@ Contracts and documents

.PHONY: contracts
contracts: $(STAMP) ## Check that committed schemas and documents agree with the code
	$(PYTEST) -n0 tests/contracts
	$(BIN)/python -m kehu_contracts schemas --check
	$(BIN)/python -m kehu_contracts asyncapi --check
	$(BIN)/python -m kehu_local.documents --check

.PHONY: asyncapi
asyncapi: $(STAMP) ## Write docs/events/asyncapi.yaml
	$(BIN)/python -m kehu_contracts asyncapi

.PHONY: openapi
openapi: $(STAMP) ## Write docs/api/<service>.openapi.json
	$(BIN)/python -m kehu_local.documents

.PHONY: schemas
schemas: $(STAMP) ## Write the frozen schemas of new events
	$(BIN)/python -m kehu_contracts schemas

##@ Quality

.PHONY: lint
lint: $(STAMP) ## Check style and format
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

.PHONY: fmt
fmt: $(STAMP) ## Put style and format right
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

.PHONY: types
types: $(STAMP) ## Check types
	$(BIN)/mypy $(wildcard shared/*/src services/*/src deploy/local/src)

.PHONY: imports
imports: $(STAMP) ## Check who may import whom
	$(BIN)/lint-imports

.PHONY: check
check: lint types imports contracts test ## Everything but Apache Kafka, before a commit

.PHONY: ci
ci: ## What the build server runs
	@bash .ci/run

##@ Set-up

.PHONY: install
install: $(STAMP) ## Set up .venv (the other targets do it by themselves)

# Output goes to standard error: `make -s token` prints a token and nothing else.
$(STAMP): requirements.txt $(MEMBERS:%=%/pyproject.toml)
	@{ if ! test -x $(BIN)/python; then \
	    python=; \
	    for one in $(PYTHON); do \
	      if $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        python=$$one; break; \
	      fi; \
	    done; \
	    if test -z "$$python"; then \
	      echo "Kehu needs Python 3.11 or newer; none of these is: $(PYTHON)."; \
	      echo "Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; \
	      exit 1; \
	    fi; \
	    echo "Creating $(VENV)"; \
	    $$python -m venv $(VENV); \
	  fi; \
	  echo "Installing packages into $(VENV)"; \
	  if $(BIN)/python -m pip install -q --disable-pip-version-check uv; then \
	    pip=("$(BIN)/uv" pip install -q --python "$(BIN)/python"); \
	  else \
	    echo "uv is not available; pip does it, more slowly"; \
	    pip=("$(BIN)/python" -m pip install -q --disable-pip-version-check); \
	  fi; \
	  "$${pip[@]}" -r requirements.txt; \
	  "$${pip[@]}" --no-deps --no-build-isolation $(foreach m,$(MEMBERS),-e $(m)); \
	  touch $@; } >&2

.PHONY: requirements
requirements: $(STAMP) ## Pin the newest versions of requirements.in in requirements.txt
	$(BIN)/uv pip compile --upgrade --quiet --python-version 3.11 --no-header \
	  --universal --no-annotate --no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt

.PHONY: clean
clean: ## Stop everything; delete local data, caches and .venv
	@if test -x $(BIN)/kehu; then $(BIN)/kehu down; fi
	rm -rf .kehu .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage $(VENV)
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
