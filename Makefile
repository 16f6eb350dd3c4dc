# The two commands are `make run` and `make test`. Everything lives in .venv; nothing is installed
# into the system's Python. pip and uv take their settings from the environment.
BIN := .venv/bin
# Seven, because most tests wait for processes, terminals and clocks.
PYTEST := $(BIN)/python -m pytest -n 7 --dist worksteal

# A system whose own clock is wrong: what the C library tells, so SQLite and OpenSSL as well.
SYSTEM_CLOCK := SORA_TEST_CLOCK=real TZ='<+0545>-5:45' \
	$(BIN)/python -m tests.support.system_clock 2028-02-29T18:13:00

.PHONY: help run test coverage test-long test-interop bench picture samples clean venv-dev

help:
	@echo "make run        build .venv once, then open sora-tui"
	@echo "make test       everything that must hold: lint, types, arrows, words, tests"
	@echo "make coverage   the tests again, with the lines and branches they reach"
	@echo "make test-long  the slow tests"
	@echo "make test-interop  against LiteLLM's proxy, or SORA_INTEROP_URL; writes docs/servers.md"
	@echo "make bench      measure against a bare Textual app; HISTORY=1 also with 100,000 jobs"
	@echo "make picture    draw the README's picture of the screen again: docs/screen.svg"
	@echo "make samples    draw the pictures of input_reference/ again"
	@echo "make clean      remove the venvs and every cache; prompts, clips and history stay"

run:
	@sh tools/run.sh

venv-dev:
	@sh tools/venv.sh dev

test: venv-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/catalogue.py check
	$(PYTEST) -m "not long and not interop"

coverage: venv-dev
	$(PYTEST) -m "not long and not interop" --cov --cov-config=tools/coverage.ini --cov-report=term

test-long: venv-dev
	$(PYTEST) -m long --timeout=900
	HYPOTHESIS_PROFILE=long $(PYTEST) tests/core --timeout=900
	$(SYSTEM_CLOCK) $(PYTEST) -m "not long and not interop"

# A server that somebody else wrote, in a venv of its own (about 600 MB).
test-interop: venv-dev $(if $(SORA_INTEROP_URL),,.venv-interop/bin/litellm)
	SORA_TEST_CLOCK=real $(BIN)/python -m pytest -n 0 -m interop tests/interop

.venv-interop/bin/litellm:
	$(BIN)/python -m venv .venv-interop
	.venv-interop/bin/python -m pip install --disable-pip-version-check -q 'litellm[proxy]'

bench: venv-dev
	$(BIN)/python -m bench $(if $(HISTORY),--history 100000)
	$(BIN)/python -m bench --pictures

picture: venv-dev
	$(BIN)/python -m tests.tui.draw_screen docs/screen.svg

samples: venv-dev
	$(BIN)/python tools/draw_samples.py

clean:
	rm -rf .venv .venv-interop .venv-bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .coverage .coverage.* snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
