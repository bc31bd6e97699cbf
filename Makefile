# `make` lists the targets. Everything that is built lies in .venv/ and .lacuna/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9

# the interpreter of .venv: 3.11, 3.12 or 3.13; the first of them on PATH if it is not named
PYTHON ?=
PORT ?= 5000
UI_PORT ?= 8080
SEED ?= 7
ACCOUNT ?= simulated
ENGINE ?= duckdb
export PYTHON ENGINE PROWLER CUSTODIAN

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins
# without bytecode every process of a test run compiles the project again
unexport PYTHONDONTWRITEBYTECODE
include airflow.mk

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- the environment -------------------------------------------------------------------------

.PHONY: install
install: .venv/.installed ## Build the locked environment; every other target does it if needed [PYTHON=python3.12]

.venv/.installed: requirements.lock
	@UV_VERSION=$(UV_VERSION) scripts/install.sh
	@touch $@

.PHONY: lock
lock: ## Resolve pyproject.toml into requirements.lock again (needs `make install` first)
	.lacuna/uv/bin/uv pip compile pyproject.toml --group sandbox --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header -q -o requirements.lock

$(AIRFLOW_HOME)/.migrated: .venv/.installed
	@echo "Preparing Airflow's database (once)"
	@mkdir -p $(AIRFLOW_HOME)
	@airflow db migrate > $(AIRFLOW_HOME)/migrate.log 2>&1 || { tail -20 $(AIRFLOW_HOME)/migrate.log; exit 1; }
	@cp $(AIRFLOW_HOME)/airflow.db $(AIRFLOW_HOME)/migrated.db 2> /dev/null || true # for the tests, if it is here
	@touch $@

# ---- running ---------------------------------------------------------------------------------

.PHONY: demo
demo: $(AIRFLOW_HOME)/.migrated ## Run the days of a simulated account; compare the verdicts with what was planted [SEED=n] [ENGINE=duckdb|trino] [LATENCY=seconds]
	@python -m sandbox demo --seed $(SEED)

.PHONY: sandbox
sandbox: .venv/.installed ## Serve the sandbox until Ctrl-C [PORT=5000] [ACCOUNT=simulated|empty] [SEED=n] [ENGINE=duckdb|trino] [LATENCY=seconds]
	@python -m sandbox serve --port $(PORT) --account $(ACCOUNT) --seed $(SEED)

.PHONY: run
run: $(AIRFLOW_HOME)/.migrated ## Run one delivery day, against the AWS that the environment points to: DAY=YYYY-MM-DD [ACCEPT_LOSS=1]
	@test -n "$(DAY)" || { echo "Which day? make run DAY=YYYY-MM-DD (a UTC day that is over)"; exit 2; }
	@test -z "$(filter-out 1,$(ACCEPT_LOSS))" || { echo "ACCEPT_LOSS is 1, or it is not given"; exit 2; }
	@python -m lacuna run $(DAY) $(if $(ACCEPT_LOSS),--accept-loss)

.PHONY: remediate
remediate: $(AIRFLOW_HOME)/.migrated ## Plan how to repair logging, and show the plan as a diff; APPLY=1 PLAN=file applies it [PLAN=file]
	@test -z "$(filter-out 1,$(APPLY))" || { echo "APPLY is 1, or it is not given"; exit 2; }
	@python -m lacuna remediate $${PLAN:+--plan "$$PLAN"} $(if $(APPLY),--apply)

.PHONY: ask
ask: export ASKED = $(subst $$$$,$$,$(value SQL))
ask: export GIVEN = $(subst $$$$,$$,$(value PARAMS))
ask: .venv/.installed ## Ask the lake: QUERY=name PARAMS='a=b c=d', SQL='select …' or FILE=query.sql; LIST=1 lists names [FORMAT=table|tabs|csv|json]
	@python -m lacuna ask $(if $(LIST),--list) $${FORMAT:+--format "$$FORMAT"} $${FILE:+--file "$$FILE"} \
		$${QUERY:+--query "$$QUERY"} $${GIVEN:+--params "$$GIVEN"} $${ASKED:+-- "$$ASKED"}

.PHONY: who
who: export KEYS = $(subst $$$$,$$,$(value PREFIX))
who: .venv/.installed ## Show who read, wrote, deleted or was refused in a bucket: BUCKET=name [PREFIX=p/] [SINCE=day] [UNTIL=day] [FORMAT=table|tabs|csv|json]
	@test -n "$${BUCKET}" || { echo "Which bucket? make who BUCKET=name [PREFIX=p/] [SINCE=YYYY-MM-DD] [UNTIL=YYYY-MM-DD]"; exit 2; }
	@python -m lacuna who $${KEYS:+--prefix "$$KEYS"} $${SINCE:+--since "$$SINCE"} $${UNTIL:+--until "$$UNTIL"} \
		$${FORMAT:+--format "$$FORMAT"} -- "$${BUCKET}"

.PHONY: backtest
backtest: .venv/.installed ## Try a detection on past days with other settings: DETECTION=name SINCE=day [UNTIL=day] [FLOOR=n] [FACTOR=n] [SET=name=value] [MAX_BYTES=n]
	@test -n "$(DETECTION)" -a -n "$(SINCE)" || { echo "Which detection, from when on? make backtest DETECTION=name SINCE=YYYY-MM-DD [UNTIL=YYYY-MM-DD] [FLOOR=n]"; exit 2; }
	@python -m lacuna backtest "$${DETECTION}" --since "$${SINCE}" $${UNTIL:+--until "$$UNTIL"} $${FLOOR:+--set "floor=$$FLOOR"} \
		$${FACTOR:+--set "factor=$$FACTOR"} $${SET:+--set "$$SET"} $${MAX_BYTES:+--max-bytes "$$MAX_BYTES"}

.PHONY: findings
findings: .venv/.installed ## Show the summary of a day that was run again, without running it: DAY=YYYY-MM-DD
	@test -n "$(DAY)" || { echo "Which day? make findings DAY=YYYY-MM-DD (a day that was run)"; exit 2; }
	@python -m lacuna findings $(DAY)

.PHONY: costs
costs: .venv/.installed ## Show what Athena charges for a day's run, or the last days, worst first [DAY=YYYY-MM-DD] [FORMAT=table|csv|json]
	@python -m lacuna costs $(DAY) $${FORMAT:+--format "$$FORMAT"}

.PHONY: rollback
rollback: .venv/.installed ## Show readers the marts of a day as they were before they last changed; again takes it back: DAY=YYYY-MM-DD
	@test -n "$(DAY)" || { echo "Which day? make rollback DAY=YYYY-MM-DD (a day of the marts)"; exit 2; }
	@python -m lacuna rollback $(DAY)

.PHONY: advise
advise: .venv/.installed ## Show what to do about each bucket of a day that was run, with the call to copy: DAY=YYYY-MM-DD [BUCKET=name]
	@test -n "$(DAY)" || { echo "Which day? make advise DAY=YYYY-MM-DD (a day that was run)"; exit 2; }
	@python -m lacuna advise $(DAY) $${BUCKET:+--bucket "$$BUCKET"}

.PHONY: doctor
doctor: .venv/.installed ## Try what the role may do and what AWS leaves undocumented, in the account of the environment
	@python -m lacuna doctor

.PHONY: up
up: .venv/.installed ## Serve Airflow's UI and scheduler beside a sandbox until Ctrl-C [SEED=n] [UI_PORT=8080]
	@python -m sandbox up --seed $(SEED) --port $(UI_PORT)

.PHONY: settings
settings: .venv/.installed ## Show every setting: value, origin, meaning
	@python -m lacuna settings

# ---- proving ---------------------------------------------------------------------------------

# A worker takes whole files, the long rings first, so that no worker waits for another at the end
PYTEST := python -m pytest -q -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(AIRFLOW_HOME)/.migrated ## Run the tests that a change to one module can break: 5 to 9 minutes on 2 idle cores
	@$(PYTEST) -m "not long and not trino"

.PHONY: test-all
test-all: $(AIRFLOW_HOME)/.migrated ## Run the same and the long proofs (kills, reruns, older lakes, the role), as CI: 12 to 32 minutes
	@$(PYTEST) --hypothesis-profile deep

.PHONY: conformance
conformance: $(AIRFLOW_HOME)/.migrated ## Compare the embedded engine with a real Trino: the daily run, its expressions, bytes scanned (needs JDK 24)
	@python -m pytest -q -m trino -rs tests/sandbox/athena

.PHONY: smoke
smoke: .venv/.installed ## Run the commands of both Compose files without Docker, on a real PostgreSQL
	@python scripts/smoke.py

# the SQL that runs: macros and variables resolved, no AWS asked; $(1): folder in .lacuna/
dbt = LACUNA_DBT_STAGING_DIR=s3://lake/athena-results/ LACUNA_DBT_DATA_DIR=s3://lake dbt -q
dbt_places = --project-dir dbt_project --profiles-dir dbt_project --target-path ../.lacuna/$(1) --log-path .lacuna/$(1)
compile_sql = $(dbt) compile --no-introspect --no-populate-cache $(call dbt_places,$(1)) \
	--vars '{delivery_day: "2026-01-02", event_days: ["2026-01-01", "2026-01-02"]}'

.PHONY: lint
lint: .venv/.installed ## Run ruff, mypy, import-linter, sqlfluff, yamllint, cfn-lint
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports --no-cache
	@$(call compile_sql,compiled) > /dev/null
	@# the families of hits are made of the detections, which are linted
	@sqlfluff lint -q $(addprefix .lacuna/compiled/compiled/lacuna/models/,staging intermediate marts detections findings/*.sql \
		findings/marts findings/exports) dbt_project/analyses
	@yamllint -s .
	@# I: what it would have otherwise without calling it wrong
	@cfn-lint --include-checks I -- infra/*.yaml

.PHONY: docs
docs: .venv/.installed ## Generate what follows from the code: pages, the template of saved queries, the embedded engine
	@python -m lacuna.cli.reference
	@python -m sandbox.athena.duck.described

.PHONY: docs-site
docs-site: .venv/.installed ## Build dbt's documentation: every model with its columns, its SQL and where they come from
	@$(call compile_sql,docs-site) > /dev/null
	@$(dbt) docs generate --no-compile --static --empty-catalog $(call dbt_places,docs-site) > /dev/null
	@echo "open in a browser: file://$(CURDIR)/.lacuna/docs-site/static_index.html"

.PHONY: bench
bench: $(AIRFLOW_HOME)/.migrated ## Measure the demo, a day of a million lines and 1,000 buckets; writes docs/bench.md [PROWLER=venv] [CUSTODIAN=venv]
	@python -m bench
