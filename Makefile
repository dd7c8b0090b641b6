# Each target sets up what it needs; nothing but Python 3.11+ and make is expected to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Compiled modules are kept, whatever the shell says: without them each process takes three seconds longer to start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check check-deploy bench bench-peers audit soak

help:            ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

demo: $(VENV)/.runtime  ## run everything in one process and open the page
	@$(BIN)/vitrine demo $(ARGS)

test: $(VENV)/.development  ## run the tests, on a real Kafka broker and the real engine
	@$(BIN)/pytest -q --numprocesses 3 --dist worksteal $(ARGS)

check: $(VENV)/.development  ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

soak: $(VENV)/.development  ## storms, faults and load at full length: about half an hour
	@$(BIN)/pytest -q -s -p no:randomly -o python_files='soak_*.py' tests $(ARGS)

check-deploy:    ## try the alert rules; needs promtool (Debian, Ubuntu: apt-get install prometheus)
	@promtool check rules deploy/observability/alerts.yml
	@promtool test rules deploy/observability/alerts_test.yml
	@promtool check config --syntax-only deploy/observability/prometheus.yml

bench: $(VENV)/.development  ## measure, beside a floor in the same run
	@$(BIN)/python -m tests.benchmarks.run $(ARGS)

audit: $(VENV)/bin/uv  ## ask whether a pinned version exists no more, or has a known hole (needs the network)
	@$(BIN)/uv pip install --quiet --dry-run --reinstall --no-deps --python $(BIN)/python --requirement constraints.txt
	@$(BIN)/uv tool run --from pip-audit==2.10.1 pip-audit --strict --no-deps --disable-pip --progress-spinner off \
		--requirement constraints.txt

bench-peers: $(VENV)/.development  ## the same query beside other engines, which get an environment of their own
	@test -d $(VENV)-peers || $(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)-peers
	@$(BIN)/uv pip install --quiet --python $(VENV)-peers/bin/python --constraint constraints.txt --editable '.[test,peers]'
	@$(VENV)-peers/bin/python -m tests.benchmarks.peers $(ARGS)

$(VENV)/bin/uv:
	@echo "Making $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv

# uv is several times faster; pip is the one that reads a company's own pip settings.
define install
	@echo "Installing $(1) (the first time this takes a minute or two: torch alone is large) …"
	@$(BIN)/uv pip install --python $(BIN)/python --constraint constraints.txt --editable '$(1)' \
		|| $(BIN)/python -m pip install --constraint constraints.txt --editable '$(1)'
	@touch $@
endef

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/uv
	$(call install,.)

$(VENV)/.development: pyproject.toml constraints.txt | $(VENV)/bin/uv
	$(call install,.[test])
	@touch $(VENV)/.runtime
