# One path of commands, for people, for .ci/run and for the workflows.
#   make PYTHON=python3.12 book     chooses the Python that .venv is made with

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help set-up assets book book-strict serve test unit notebooks nbgrader run lint types check pages clean clean-all pins

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
PY := .venv/bin/python
BUILD := .venv/bin/jupyter-book build . --quiet
# A Python named on the command line counts; else a working .venv is kept as it is.
ASKED := $(if $(findstring command line,$(origin PYTHON)),yes,)

help: ## This list
	@echo "GPT Inside Out. Two commands to begin with:  make book   and   make test"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

set-up: ## Make .venv with the pinned packages (others call it)
	@python=$(PYTHON); if [ -z "$(ASKED)" ] && $(PY) -c '' 2>/dev/null; then python=$(PY); fi; \
	if ! command -v $$python >/dev/null; then \
	  echo "There is no '$$python': install Python 3.11 or newer, or name one: make PYTHON=python3.12 book"; exit 1; fi; \
	if ! $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "$$($$python --version 2>&1) is too old, 3.11 is needed: name a newer one: make PYTHON=python3.12 book"; exit 1; fi; \
	$$python scripts/set_up.py

assets: set-up ## Fetch the default data and models
	@$(PY) -m course_lib fetch

book: assets ## Set up, fetch, and build the book
	@$(BUILD)
	@echo "The book is at _build/html/index.html: open it in a browser, or run 'make serve'."

book-strict: assets ## Build the whole book again; warnings are errors
	@$(BUILD) --all -W --keep-going -n

serve: book ## Serve the book on http://127.0.0.1:8000 (PORT=…)
	@echo "http://127.0.0.1:$(PORT)/   (Ctrl+C stops)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: unit notebooks ## Unit tests, then every notebook against its stored outputs

unit: assets ## Unit tests
	@OMP_NUM_THREADS=1 $(PY) -m pytest --ignore=tests/book -n $(WORKERS) --dist=loadfile

notebooks: assets ## Run every notebook of the table of contents
	@$(PY) scripts/check_notebooks.py

nbgrader: set-up ## The export of grades, against the real nbgrader in an environment of its own
	@[ -x .cache/nbgrader/bin/nbgrader ] || $(PY) benchmarks/grading.py --make-venv .cache/nbgrader
	@.cache/nbgrader/bin/python -m pytest -q -p no:cacheprovider tests/grading/classroom/test_nbgrader.py

run: set-up ## Run one notebook and store its outputs: NB=book/gpt/gpt2.ipynb [FROM=text file]
	@if [ -z "$(NB)" ]; then echo "Name the notebook: make run NB=book/gpt/gpt2.ipynb"; exit 1; fi
	@$(PY) scripts/run_notebook.py $(if $(FROM),--from $(FROM),) $(NB)

lint: set-up ## Code style, import contract, workflow files
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@.venv/bin/lint-imports --no-cache
	@$(PY) scripts/draw_map.py --check
	@$(PY) scripts/check_terms.py
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

types: set-up ## mypy, strict
	@$(PY) -m mypy
	@$(PY) -m mypy --strict --follow-imports=silent --ignore-missing-imports --allow-untyped-calls --no-warn-return-any scripts/*.py book/_ext/*.py

pages: assets ## Check every built page in a headless browser
	@if [ ! -f _build/html/index.html ]; then $(MAKE) book; fi
	@COURSE_BUILT_BOOK=_build/html $(PY) -m pytest tests/book --confcutdir=tests/book -o addopts=-q -n $(WORKERS)

check: lint types test nbgrader book-strict pages ## All of it: what .ci/run runs

pins: set-up ## Write requirements.txt from what .venv holds
	@$(PY) scripts/pin_requirements.py

clean: ## Remove the built book and caches
	@rm -rf _build build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .jupyter_cache *.egg-info
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

clean-all: clean ## Remove .venv as well; fetched data stays in the user's cache
	@rm -rf .venv
