# Sito. The two commands: `make demo` and `make test`. Nothing but Python 3.11 (or newer) and make is needed.

PORT ?= 8000
HOST ?= 127.0.0.1
ARGS ?=
CONTACTS ?= 1000000
MINUTES ?= 3
PROCESSES ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); test $$cores -gt 2 && echo 6 || expr 2 \* $$cores)
ACTIVITIES ?= 50000000
ORDERS ?= 3000000
RUNS ?= 7
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && exit; done; \
	command -v python3)
VENV := .venv
BIN := $(VENV)/bin
APPS := accounts actions activities api config contacts demo exports imports insights jobs mirror network operators \
	permissions pool reports rollout segmentation sunset tags tracker users webhooks
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports migrations templates bench bench-growth bench-actions bench-api \
	bench-imports bench-manager translations lock packages dev-packages bench-packages clean
.NOTPARALLEL:

help:
	@echo "make demo [PORT=8000]     run Sito with demo data"
	@echo "make test [ARGS=…]        run the tests"
	@echo "make check                lint, types, imports, migrations, templates, then the tests"
	@echo "make bench [CONTACTS=… ACTIVITIES=… ORDERS=…]  measure the engine beside ClickHouse and PostgreSQL"
	@echo "make bench-growth         measure it from 100,000 to 10,000,000 contacts"
	@echo "make bench-actions [CONTACTS=…]  measure actions and exports beside bare SQL"
	@echo "make bench-api            activities over the API beside COPY"
	@echo "make bench-imports [CONTACTS=…]  measure an import beside bare COPY"
	@echo "make bench-manager        pages of the contact manager beside bare SQL, after make bench"
	@echo "make stress [MINUTES=3]   the columnar copy under writers, readers and compactions at once"
	@echo "make translations         bring locale/pl up to date with the texts in the source"
	@echo "make lock                 resolve requirements/*.in anew"
	@echo "make clean                remove var/ and all that was made in it"

demo: packages
	@exec $(BIN)/python manage.py demo --host $(HOST) --port $(PORT)

# Two processes for each core, since each waits half its time for its own services; with services that were given, one.
test: dev-packages
	@exec $(BIN)/python -m pytest -n $(if $(DATABASE_URL)$(REDIS_URL),0,$(PROCESSES)) --dist worksteal $(ARGS)

check: lint types imports migrations templates test

# Nothing to install where an environment is given: make VENV=/some/.venv …
packages dev-packages bench-packages:
ifeq ($(VENV),.venv)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and no python3 was found." >&2; exit 1; }
	@$(PYTHON) scripts/environment.py $(if $(filter packages,$@),base,$(@:-packages=))
endif

lint: dev-packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev-packages
	$(BIN)/mypy $(APPS) clients manage.py

imports: dev-packages
	$(BIN)/lint-imports

# Without a database it can't compare with what was applied, and says so at length.
migrations: dev-packages
	$(BIN)/python -W "ignore:Got an error checking" manage.py makemigrations --check --dry-run

templates: dev-packages
	$(BIN)/djlint templates --lint --quiet

# All print the medians of runs in turns and their ratios: docs/bench.md. Data are kept under SITO_BENCH, else var/bench.
bench: bench-packages
	$(BIN)/python -m bench.engine $(CONTACTS) $(ACTIVITIES) $(ORDERS) --runs $(RUNS)

bench-growth: dev-packages
	$(BIN)/python -m bench.engine.growth

bench-actions: dev-packages
	$(BIN)/python bench/actions.py $(CONTACTS)
	$(BIN)/python bench/exports.py $(CONTACTS)

bench-api: dev-packages
	$(BIN)/python bench/api.py $(if $(filter file,$(origin ACTIVITIES)),200000,$(ACTIVITIES))

bench-imports: dev-packages
	$(BIN)/python bench/imports.py $(CONTACTS)

bench-manager: dev-packages
	$(BIN)/python -m bench.manager --write

# The mirror under everything at once, each count compared with PostgreSQL.
stress: dev-packages
	SITO_STRESS_MINUTES=$(MINUTES) $(BIN)/python -m pytest -q -s tests/test_mirror_stress.py

# Places and dates of extraction would change in every commit.
translations: dev-packages
	$(BIN)/python manage.py makemessages --locale pl --no-location --no-wrap --ignore .venv --ignore var \
		--ignore tests --ignore bench --ignore mock
	sed -i '/^"POT-Creation-Date:/d' locale/pl/LC_MESSAGES/django.po

lock: dev-packages
	cd requirements && ../$(COMPILE) base.in -o base.txt
	cd requirements && ../$(COMPILE) dev.in -o dev.txt
	cd requirements && ../$(COMPILE) e2e.in -o e2e.txt
	cd requirements && ../$(COMPILE) bench.in -o bench.txt
	cd requirements && ../$(COMPILE) uv.in -o uv.txt

# Where root's home folder is closed to the database's user, the data lies elsewhere, behind a link.
clean:
	test ! -L var/postgres || rm -rf "$$(dirname "$$(readlink var/postgres)")"
	rm -rf var
