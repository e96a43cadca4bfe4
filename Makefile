# Sets up everything on a machine that has Python 3.11 or newer and make, and nothing else.
#
#   make demo     two weeks of a routing fleet, the questions and the answers (ARGS=--exit ends then)
#   make test     every check and every test
#   make quick    the part of the tests that takes less than a minute
#   make check    what pre-commit runs: style, types, imports
#   make console-bench    how soon and how smoothly the console of a running service shows

UV_VERSION := 0.13.8
VENV := .venv
TOOLS := build/tools
UV := $(TOOLS)/bin/uv
ARGS ?=
# What is thought needs no server; the tests of what is read and written are run by name:
# make quick ARGS=tests/graph/hot
QUICK := -m "not slow and not browser and not servers" tests/graph tests/ingest tests/agent \
	tests/test_repository.py tests/test_documents.py \
	--ignore=tests/ingest/simulator --ignore=tests/graph/causes
NAMED := -m "not slow and not browser"

# Asked only where something has to be set up. The system's own comes first.
PYTHON = $(shell for found in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	if $$found -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; \
	then command -v $$found; break; fi; done)
# Checks that the tools bring what they need themselves, from PyPI alone.
export PYRIGHT_PYTHON_GLOBAL_NODE := 0
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DELETE_ON_ERROR:
.PHONY: help demo test quick check console console-bench clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.synced console
	@$(VENV)/bin/routecause demo $(ARGS)

test: check console
	$(VENV)/bin/python -m pytest -n logical --maxprocesses 4 --dist loadfile \
		--no-loadscope-reorder $(ARGS)

quick: $(VENV)/.synced
	$(VENV)/bin/python -m pytest $(if $(ARGS),$(NAMED) $(ARGS),$(QUICK))

check: $(VENV)/.synced
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports
	@$(VENV)/bin/python -m api.console.build --check

console: $(VENV)/.synced
	@$(VENV)/bin/python -m api.console.build

$(VENV)/.synced: uv.lock pyproject.toml $(TOOLS)/.uv-$(UV_VERSION)
	@echo "installing the locked dependencies into $(VENV)"
	@UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never \
		$(UV) sync --frozen --quiet --python "$(PYTHON)"
	@touch $@

$(TOOLS)/.uv-$(UV_VERSION):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found:" \
		"install one, or name it with make PYTHON=/path/to/python3"; exit 1; }
	@echo "installing uv $(UV_VERSION) into $(TOOLS) with $(PYTHON)"
	@rm -rf $(TOOLS) && mkdir -p $(TOOLS)
	@"$(PYTHON)" -m venv $(TOOLS) >$(TOOLS)/venv.log 2>&1 \
		|| { echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu:" \
		"apt install python3-venv"; cat $(TOOLS)/venv.log; exit 1; }
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

console-bench: $(VENV)/.synced
	@$(VENV)/bin/python tests/browser/measure.py

clean:
	rm -rf $(VENV) build
