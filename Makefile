# The two commands a newcomer types: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# What we do not use is not built: neither pictures nor llama.cpp's own helpers, which take half the
# time and which its package switches on unless a file of ours comes after. On x86-64 the result
# must run on any AVX2 machine, so it is not tuned to the one that builds it; on aarch64 (Jetson) it
# is.
LEAN := $(CURDIR)/$(VENV)/llama.cmake
CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE='$(LEAN)' \
  $(if $(filter x86_64,$(shell uname -m)),-DGGML_NATIVE=OFF)
export CMAKE_ARGS

# Chromium, for the tests of the kiosk's page, is by far the largest: 110 MB to fetch, 360 MB unpacked.
DEBIAN := libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins strace util-linux chromium

.PHONY: setup debian models demo run test check clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'set(LLAMA_BUILD_COMMON OFF)' > "$(LEAN)"
	@echo "Installing packages. The first time llama-cpp-python is compiled: 3-5 minutes on 2 cores."
	@(while sleep 30 >/dev/null 2>&1; do echo "  still installing ..."; done) & ticker=$$!; \
	  $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q \
	    -c constraints.txt -e '.[llm,piper,kiosk,dev]'; code=$$?; kill $$ticker; exit $$code
	@touch $@

# The embedded models (about 0.6 GB) and the spoken lines that must never wait for an engine.
models: setup
	@$(BIN)/python run_assistant.py models fetch
	@$(BIN)/python run_assistant.py models render --first 500

demo: models
	@mkdir -p out
	@$(BIN)/python run_assistant.py run --input tests/data/demo/emergency.wav \
	  --output out/demo.wav --events out/demo.jsonl
	@echo "Listen to it: out/demo.wav (voices: rescuer not included; events: out/demo.jsonl)"

run: models
	@$(BIN)/python run_assistant.py

# What listens, speaks or is timed needs the machine to itself; conversations on recordings go two at
# a time; all else fills the cores.
test: debian models check
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not alone and not paired"
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m paired
	$(BIN)/python -m pytest -q -m alone

# What the tests need besides: PortAudio, a private sound server, a system-call tracer, a browser.
debian:
	@command -v dpkg >/dev/null || exit 0; dpkg -s $(DEBIAN) >/dev/null 2>&1 && exit 0; \
	  echo "Installing Debian packages: $(DEBIAN)"; \
	  sudo=$$(test $$(id -u) = 0 || echo "sudo -n"); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends $(DEBIAN) >/dev/null || \
	  { echo "The tests need these packages; type: sudo apt install $(DEBIAN)"; exit 3; }

# Style and types; seconds, no models needed.
check: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

clean:
	rm -rf $(VENV) out build *.egg-info
