# The words of this repository; `make` alone lists them. Everything happens in .venv, made at the first need.

PYTHON_IN_VENV := .venv/bin/python
# What `make chat` keeps (a server's data, each handle's own): .chat/. Another place: make chat CHAT_DIR=…
CHAT_DIR ?= .chat

.PHONY: help chat stop test torture fuzz mutants screenshots bench bench-compare docs clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r word text; do \
		printf 'make %-12s %s\n' "$$word" "$$text"; done

chat: .venv/installed ## chat here: starts a server on this machine if need be; HANDLE=bob for another person
	@$(PYTHON_IN_VENV) -m chatroom.cli.local --directory '$(CHAT_DIR)' $(if $(HANDLE),--handle '$(HANDLE)')

stop: .venv/installed ## end the server that `make chat` started
	@$(PYTHON_IN_VENV) -m chatroom.cli.local --directory '$(CHAT_DIR)' --stop

# Two files of tests at a time, each file on one worker: they wait as much as they work. Whoever runs one file
# by pytest itself starts no workers.
test: .venv/installed-dev ## style, types and all tests
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m ruff format --check .
	$(PYTHON_IN_VENV) -m mypy
	$(PYTHON_IN_VENV) -m pytest -q --numprocesses 2 --dist loadfile

torture: .venv/installed-dev ## kill, cut, fill and starve real processes, and count what is lost (minutes)
	PYTHONPATH=tests $(PYTHON_IN_VENV) -m torture

fuzz: .venv/installed-dev ## a million frames and a half for decoder, posts, hub and session (a minute or two)
	PYTHONPATH=tests $(PYTHON_IN_VENV) -m torture.fuzz

mutants: .venv/installed-dev ## break each property on purpose: a test must notice (minutes)
	PYTHONPATH=tests $(PYTHON_IN_VENV) -m torture.mutants

screenshots: .venv/installed-dev ## draw screenshots/ anew from real programs
	$(PYTHON_IN_VENV) tools/screenshots.py

bench: .venv/installed-bench ## measure how fast it is here, beside its peers (10 min); BENCH=--quick takes two
	$(PYTHON_IN_VENV) -m bench --plots $(BENCH)

bench-compare: .venv/installed-bench ## measure this tree against another revision: BASE=REV
	$(PYTHON_IN_VENV) -m bench --compare '$(BASE)' $(BENCH)

docs: .venv/installed-dev ## write the pages and samples that are made from tables
	$(PYTHON_IN_VENV) -m chatroom.config.document
	$(PYTHON_IN_VENV) -m chatroom.client.commands.document
	$(PYTHON_IN_VENV) -m chatroom.client.themes.document
	$(PYTHON_IN_VENV) -m tools.protocol_page

clean: ## remove .venv and what tools left behind; what was said in .chat stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks build dist src/*.egg-info
	find src -name '*.so' -delete
	find src tests tools bench torture -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed again when one of these changes. Whoever has the tools to work on it can also run it.
WHAT_IS_BUILT := pyproject.toml setup.py tools/venv.sh src/chatroom/net/_broadcast.c src/chatroom/protocol/_posts.c \
	src/chatroom/protocol/_posts_bytes.h tools/compiled.txt \
	$(shell find src/chatroom/net src/chatroom/protocol src/chatroom/server -name '*.py')

# The stamps have the time of the beginning: what is saved while it compiles is newer.
.venv/installed: $(WHAT_IS_BUILT)
	@began=$$(mktemp); test -z "$$(find $^ -newer .venv/installed-dev 2>&1)" || tools/venv.sh . && \
		touch -r "$$began" $@ && rm "$$began"

.venv/installed-dev: $(WHAT_IS_BUILT)
	@began=$$(mktemp); tools/venv.sh '.[dev]' && touch -r "$$began" $@ && rm "$$began"

.venv/installed-bench: .venv/installed-dev bench/requirements.txt
	@$(PYTHON_IN_VENV) -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@
