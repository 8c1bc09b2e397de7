# What people type first. The build itself is CMake's: see CMakePresets.json.

.PHONY: help packages build demo check policies docs format install clean
.DEFAULT_GOAL := help

help: ## print this
	@echo "fleetgate: an admission gate for fleets of Kubernetes clusters"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'

packages: ## install the Debian packages that are missing
	@cmake/packages

build: packages ## build the release: build/release/fleetgate
	cmake --preset release
	cmake --build --preset release --target fleetgate

demo: ## build, carry out a sample fleet in the embedded cloud, and show what is refused
	@examples/demo

check: packages ## build with sanitizers and run every test that needs no API server
	cmake --preset dev
	cmake --build --preset dev
	ctest --preset dev -LE "e2e|bench" -j "$$(nproc)"
	build/dev/fleetgate test policies

policies: build ## run the tests of the policies
	build/release/fleetgate test policies

docs: build ## write docs/policies from the policies themselves
	rm -f docs/policies/*.md
	build/release/fleetgate policy docs --out docs/policies

format: ## clang-format all sources
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

install: build ## install to /usr/local, or DESTDIR
	cmake --install build/release

clean: ## remove what demo, build and check have made
	rm -rf build/release build/dev build/demo
