# One virtual environment in .venv, one compiled copy of the package in .build/compiled; `make help` lists
# the rest. Works with GNU make 3.81 and newer.

PYTHON ?= python3
ARGS ?=
SEED ?=
PARTS ?=
COUNT ?=
CANDLES ?= 60

SHELL := /bin/sh
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo serve test sim conformance check build bench docs clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

ready := .venv/.ready
built := .build/compiled/.built
# Clients of Bitget's API in JavaScript, which the tests drive. The stamp is not there where they cannot be.
clients := .npm/.ready
freqtrade := .build/freqtrade/bin/freqtrade
run := .venv/bin/python -m

# What is tested on both forms of the engine: its own tests, and whatever else is made of the same rules.
engine_tests := tests/test_compiled.py $(wildcard tests/engine tests/golden tests/simulation)

# They start a process for each thing that they try, so they run beside the others.
apart := tests/cli tests/client

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s  %s\n", $$1, $$2 }' Makefile

demo: $(ready) ## play every kind of reversal through ccxt against a venue, and kill it once
	@.venv/bin/backhand demo $(ARGS)

serve: $(ready) ## run a venue in the foreground; options in ARGS="--port 8080"
	@.venv/bin/backhand serve $(ARGS)

test: check build $(clients) ## check, then every test interpreted, and the engine's tests compiled
	@echo "== tests, engine interpreted; beside them, shown afterwards in a line each or, what failed, whole:"
	@echo "   $(apart); then, engine compiled, $(engine_tests)"
	@show() { if [ $$2 -eq 0 ]; then tail -n 1 $$1; else cat $$1; fi; }; \
	{ BACKHAND_ENGINE=interpreted $(run) pytest $(apart) >.build/apart.log 2>&1; first=$$?; \
	  BACKHAND_ENGINE=compiled PYTHONPATH="$(CURDIR)/.build/compiled" \
	    $(run) pytest $(engine_tests) >.build/engine.log 2>&1; \
	  exit $$(($$? == 0 ? first != 0 : 2 + (first != 0))); } & beside=$$!; \
	BACKHAND_ENGINE=interpreted $(run) pytest $(apart:%=--ignore=%); others=$$?; \
	wait $$beside; ended=$$?; echo "== beside them"; \
	show .build/apart.log $$((ended & 1)); show .build/engine.log $$((ended & 2)); \
	exit $$((others | ended))

sim: $(ready) $(built) ## the engine against its oracles, at length; SEED=1234 repeats, PARTS="streams samples" picks
	@PYTHONPATH="$(CURDIR)/.build/compiled" $(run) tests.simulation $(PARTS) $(SEED:%=--seed %) $(COUNT:%=--count %) $(ARGS)

conformance: $(ready) $(freqtrade) ## freqtrade trades live on a venue, in real time; CANDLES=5 for five minutes instead of an hour
	@rm -rf .build/conformance
	@$(run) tests.conformance .build/conformance $(freqtrade) --candles $(CANDLES)

check: $(ready) ## format, lint, types, import rules, tidiness
	@echo "== format"
	@$(run) ruff format --check .
	@echo "== lint"
	@$(run) ruff check .
	@echo "== types"
	@$(run) mypy src tests examples
	@echo "== import rules"
	@.venv/bin/lint-imports --no-logo
	@echo "== tidiness"
	@$(run) pytest -q tests/test_tidy.py

build: $(built) ## compile the engine into .build/compiled

bench: $(ready) $(built) ## measure, and compare within the run
	@$(run) bench $(ARGS)

docs: $(ready) ## write docs/messages.md and docs/coverage.md, the pages that are made from the source
	@$(run) tests.messages
	@$(run) tests.coverage

clean: ## remove everything that these targets made, .venv included
	rm -rf .venv .npm .build .bench build dist src/backhand.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The stamp is written last and holds this folder's path: an environment whose set-up was interrupted, or
# that was moved here, is made anew.
ifneq ($(shell cat $(ready) 2>/dev/null),$(CURDIR))
.PHONY: $(ready)
endif

$(ready): pyproject.toml setup.py constraints/dev.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Backhand needs Python 3.11 or newer, and there is no '$(PYTHON)' here." >&2; \
	  echo "On Debian: apt-get install python3 python3-venv python3-dev" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Backhand needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1)." >&2; \
	  echo "Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$$($(PYTHON) -V) lacks its venv module. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@if [ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ]; then \
	  echo "Updating .venv: pyproject.toml or constraints/ changed."; rm -f $@; \
	else \
	  echo "Making .venv with $$($(PYTHON) -V): about a minute, once."; \
	  rm -rf .venv && $(PYTHON) -m venv .venv; \
	fi
	@$(run) pip install --quiet --constraint constraints/dev.txt setuptools wheel
	@$(run) pip install --quiet --constraint constraints/dev.txt --no-build-isolation --editable '.[dev]'
	@printf '%s' "$(CURDIR)" >$@
	@echo "Done: .venv/bin/backhand"

$(clients): $(wildcard tests/npm/*.json) tests/npm/install.sh
	@sh tests/npm/install.sh $(CURDIR)/.npm

# In an environment of its own: it brings a hundred packages, and versions of ours that are not ours.
$(freqtrade): constraints/freqtrade.txt
	@echo "Installing freqtrade into .build/freqtrade: some minutes, once."
	@rm -rf .build/freqtrade
	@$(PYTHON) -m venv .build/freqtrade
	@.build/freqtrade/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(built): $(ready) $(shell find src/backhand -name '*.py')
	@command -v $${CC:-cc} >/dev/null || { \
	  echo "Compiling the engine needs a C compiler. On Debian: apt-get install gcc" >&2; exit 1; }
	@.venv/bin/python -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' || { \
	  echo "Compiling the engine needs Python's headers. On Debian: apt-get install python3-dev" >&2; exit 1; }
	@echo "Compiling the engine into .build/compiled (its log: .build/log)."
	@rm -rf .build/compiled
	@mkdir -p .build
	@BACKHAND_COMPILE=1 .venv/bin/python setup.py --quiet build --build-base .build --build-lib .build/compiled \
	  >.build/log 2>&1 || { cat .build/log >&2; exit 1; }
	@touch $@
