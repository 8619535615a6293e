# Two commands are enough: `make demo` draws, `make test` checks. Both set everything up the first time.
# Needed: make and Python 3.11 or newer. For an NVIDIA card: make demo TORCH_INDEX=<the PyTorch CUDA wheel index>
PYTHON      ?= python3
VENV        ?= .venv
TORCH_INDEX ?=

BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip --disable-pip-version-check install -qq
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX),)
LOCK  := requirements/constraints.txt
WHOLE := .[test,dev,training]

.PHONY: help demo test bench model lint lock clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1 	/p' $(MAKEFILE_LIST)

demo: $(VENV)/.ok-run ## draw a sheet of eight prompts and a grid of styles (about two minutes the first time)
	@$(BIN)/python -m sdplay.demo

test: $(VENV)/.ok-test ## run the tests
	@$(BIN)/python -m pytest

lint: $(VENV)/.ok-dev ## style, formatting, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(VENV)/.ok-test ## measure against the stock pipeline and write docs/benchmarks.md (10 minutes, 4.3 GB in build/)
	$(BIN)/python -W ignore -m benchmarks

model: $(VENV)/.ok-training ## train the built-in model from the art up (hours; needs npm to fetch the art)
	$(BIN)/python -m training.fetch
	$(BIN)/python -m training.art
	$(BIN)/python -m training.tokenizer
	$(BIN)/python -m training.codec
	$(BIN)/python -m training.latents
	$(BIN)/python -m training.denoiser
	$(BIN)/python -m training.export
	$(BIN)/python -m training.judge
	$(BIN)/python -m training.evaluate --model src/sdplay/models/builtin

lock: ## write the constraints file anew, from the newest versions that work together
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip --disable-pip-version-check install -qq $(INDEX) "$$(cat requirements/torch.txt)"
	build/lock/bin/python -m pip --disable-pip-version-check install -qq ".[test,dev,training]"
	build/lock/bin/python requirements/lock.py
	rm -rf build/lock

clean: ## delete what can be made again; pictures and training work stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
