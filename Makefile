# `make` alone explains itself: every target's help is the text behind its ##.

SHELL := /bin/bash
unexport PYTHONDONTWRITEBYTECODE # else each process compiles all that it imports
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVERS := tests/cloud tests/flows tests/live

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-grid demo-compressors demo-live demo-live-grid chaos rehearse readers plan test test-computing test-servers test-fast lint format docs bench lock clean

help: ## This list
	@echo "Headrace: a lakehouse for industrial telemetry. Begin with: make demo"
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 22
	@echo
	@echo "After set-up: $(BIN)/headrace --help"

$(READY): requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh $(VENV)

setup: $(READY) ## Python environment, Java, Spark's jars (seconds when done)
	@echo "Set up. Next: make demo, or $(BIN)/headrace --help"

demo: $(READY) ## Generate two weeks of a small refinery network and refine them to gold
	@$(BIN)/headrace demo refinery

demo-grid: $(READY) ## The same for a small power grid: seven sources, theft, billing, transformers
	@$(BIN)/headrace demo grid

demo-compressors: $(READY) ## The same for ten gas compressors in a week in which one fails and another is about to
	@$(BIN)/headrace demo compressors

demo-live: $(READY) ## A broker, live messages and the standing job for a minute
	@$(BIN)/headrace demo-live refinery

demo-live-grid: $(READY) ## The same for the power grid, which has two topics
	@$(BIN)/headrace demo-live grid

chaos: $(READY) ## Kill the standing job again and again under load; nothing may be lost or doubled
	@$(BIN)/python -m rehearsal.chaos $(ARGS)

rehearse: $(READY) ## The cloud on this machine, without an account: Terraform, Prefect, steps, readers (about 15 minutes)
	@$(BIN)/python -m rehearsal.cloud $(ARGS)

readers: $(READY) ## A real Trino reads all published tables and answers all named queries, as DuckDB does (820 MB at first)
	@$(BIN)/uv pip install -q --group readers
	@$(BIN)/python -m rehearsal.readers $(ARGS)

plan: $(READY) ## What Terraform would make of ENV=dev, and what it costs a month; ARGS=--here needs no account
	@$(BIN)/python -m rehearsal.plan $(or $(ENV),dev) $(ARGS)

test: $(READY) ## All tests, in two processes side by side
	@scripts/side_by_side.sh "$(MAKE) -s test-computing" "$(MAKE) -s test-servers"

test-computing: $(READY) ## Those that keep one Spark session at work, and those that need nothing
	@$(BIN)/pytest --durations=15 tests/spark
	@$(BIN)/pytest -o cache_dir=.pytest_cache/unit $(SERVERS:%=--ignore=%) --ignore=tests/spark tests

test-servers: $(READY) ## Those that wait for servers: AWS on this machine, Prefect, Kafka
	@$(BIN)/pytest -o cache_dir=.pytest_cache/servers --durations=25 $(SERVERS)

test-fast: $(READY) ## The tests that need no Spark and a handful that do, under a minute
	@$(BIN)/pytest -q tests/unit
	@$(BIN)/pytest -q -m quick tests/spark/refine

lint: $(READY) ## Style, types, who may import whom, generated files current
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	scripts/checkov.sh
	$(BIN)/headrace docs --check

format: $(READY) ## Let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY) ## Write anew what is generated: docs/tables.md, .env.example, deployments, queries
	$(BIN)/headrace docs

bench: $(READY) ## Measure speed and size; one figure: make bench only=generate
	@$(BIN)/python -m benchmarks $(only)

lock: $(READY) ## Resolve pyproject.toml into requirements.lock anew
	$(BIN)/uv pip compile --universal --generate-hashes --no-header \
		--group pyproject.toml:dev pyproject.toml -o requirements.lock

clean: ## Remove local data (.headrace) and caches; .venv stays
	rm -rf .headrace .pytest_cache .mypy_cache .ruff_cache .import_linter_cache spark-warehouse metastore_db
