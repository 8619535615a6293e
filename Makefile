# Two commands are enough: `make demo` draws, `make test` checks. Each sets up what it needs the first time.
# Needed: make, and Python 3.11 or newer. NVIDIA card: make demo TORCH_INDEX=<address of a PyTorch CUDA wheel index>
PYTHON      ?= python3
VENV        ?= .venv
TORCH_INDEX ?=

BIN   := $(VENV)/bin
PIP   := -m pip --disable-pip-version-check install -qq
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX),)
LOCK  := requirements/constraints.txt
FRESH := build/lock
# What checks the page needs node, which nothing else does: without it, a line says what was not checked.
WITH_NODE := command -v npm >/dev/null || { echo "no node: the page's script is not checked"; exit 0; }; \
	test node_modules/.package-lock.json -nt package-lock.json || npm ci --ignore-scripts --no-audit --no-fund --silent;

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test slow lint bench sheets model lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-14s%s\n", $$1, $$2}'

demo: $(VENV)/.ok-run ## draw eight prompts and a grid of styles (two minutes the first time, for setting up)
	@$(BIN)/python -m sdplay.demo

serve: $(VENV)/.ok-run ## answer programs at http://127.0.0.1:7860, with a warm model behind a queue
	@$(BIN)/python -m sdplay serve

test: $(VENV)/.ok-dev ## run the tests
	@$(WITH_NODE) npm test --silent
	@$(BIN)/python -m pytest -n 2 --dist worksteal

slow: $(VENV)/.ok-dev ## the slow tests: SD 1.5, SD 2.1, SDXL in their true sizes (half an hour, 12 GiB of memory)
	@$(BIN)/python -m pytest -m slow -rs

lint: $(VENV)/.ok-dev ## style, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	@$(WITH_NODE) npm run check --silent

bench: $(VENV)/.ok-dev ## measure against stock diffusers, write docs/benchmarks.md (a quarter of an hour, 4.3 GB)
	@$(BIN)/python -W ignore -m benchmarks

sheets: $(VENV)/.ok-run ## draw the pictures of docs/sheets.md and docs/films.md anew, by the commands on those pages
	@$(BIN)/python -W ignore docs/sheets.py
	@$(BIN)/python -W ignore docs/films.py

model: $(VENV)/.ok-dev ## train the built-in model anew, from fetching the art to measuring it (hours; needs npm)
	$(BIN)/python -m training.fetch
	$(BIN)/python -m training.art
	$(BIN)/python -m training.tokenizer
	$(BIN)/python -m training.codec
	$(BIN)/python -m training.latents
	$(BIN)/python -m training.denoiser
	$(BIN)/python -m training.export
	$(BIN)/python -m training.previews
	$(BIN)/python -m training.judge
	$(BIN)/python -m training.evaluate --model src/sdplay/models/builtin
	$(BIN)/python -m training.controlnet
	$(BIN)/python -m training.depth

# torch comes first and alone, so that nothing after it picks another build; its version is the one in the lock.
$(VENV)/.ok-venv:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV), once: about 1.2 GB and two minutes."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ok-torch: $(LOCK) | $(VENV)/.ok-venv
	@$(BIN)/python $(PIP) -c $(LOCK) $(INDEX) torch
	@touch $@

$(VENV)/.ok-run: $(VENV)/.ok-torch pyproject.toml
	@$(BIN)/python $(PIP) -c $(LOCK) -e ".[server]"
	@touch $@

# image-generation-mcp is a client that tests use; what it needs itself does not go together with our own mcp.
$(VENV)/.ok-dev: $(VENV)/.ok-run
	@$(BIN)/python $(PIP) -c $(LOCK) -e ".[server,mcp,test,dev,training]"
	@$(BIN)/python $(PIP) -c $(LOCK) --no-deps image-generation-mcp==1.12.1
	@touch $@

# The versions that pip picks today, beside the torch that is locked; a torch of one build (+cpu) would bind everybody.
lock: ## write requirements/constraints.txt anew, from the newest versions that go together
	rm -rf $(FRESH)
	$(PYTHON) -m venv $(FRESH)
	$(FRESH)/bin/python $(PIP) $(INDEX) "$$(grep '^torch==' $(LOCK))"
	$(FRESH)/bin/python $(PIP) ".[server,mcp,test,dev,training,int8]"
	$(FRESH)/bin/python -m pip check
	grep '^#' $(LOCK) > $(FRESH)/lock.txt
	$(FRESH)/bin/python -m pip freeze | sed -E -e 's/\+cpu$$//' -e '/^-e |^#| @ /d' >> $(FRESH)/lock.txt
	mv $(FRESH)/lock.txt $(LOCK)
	rm -rf $(FRESH)

clean: ## delete what can be made again; pictures and the work of training stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
