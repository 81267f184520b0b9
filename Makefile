# The two commands: make demo, make test. Both need only Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test benchmark docs constraints clean

demo: .venv/.installed
	@$(BIN)/clara ask "मोतियाबिंद का इलाज क्या है?" --model evidence
	@$(BIN)/clara ask "¿Qué síntomas tiene un ataque agudo de glaucoma de ángulo cerrado?" --model evidence --explain

# A file's tests stay together: they share bases and servers. More processes would each build their own.
test: .venv/.tested
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

benchmark: .venv/.tested
	$(BIN)/python -m pytest tests/benchmark -m benchmark -s

# The documentation as a site, in site/. The variable silences a notice on MkDocs 2, which the range keeps out.
docs: .venv/.tested
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Rewrites constraints.txt from the ranges in pyproject.toml, for every supported Python at once.
constraints: .venv/.tested
	$(INSTALL) uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra all --extra test --no-emit-index-url --no-annotate \
	  --no-header pyproject.toml -o constraints.txt

clean:
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e .
	@touch $@

.venv/.tested: .venv/.installed
	$(INSTALL) -e ".[test]"
	@touch $@
