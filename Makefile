# Two commands for a newcomer: `make demo` and `make test`. Everything they build lies in .cache/.
# While you write: `make check`. One part of the tests: make test GATES="functional lint". Another Python: make test PYTHON=/path/to/python3.12.
.POSIX:
.DEFAULT_GOAL := help
export PYTHONDONTWRITEBYTECODE = 1

help:
	@echo "make demo    watch a Service in use move through the three IP-sharing scenarios (about 2 minutes)"
	@echo "make fleet   watch a run over 40 clusters that is cancelled and launched again (about 5 minutes)"
	@echo "make mesh    watch AWX's workflow on several nodes, one of which is lost (about 3 minutes)"
	@echo "make check   linters and unit tests, in one to two minutes once its tools are installed"
	@echo "make test    run every test of this repository (GATES=\"functional lint\" for some, 'make gates' lists them)"
	@echo "make sanity  run ansible-test sanity with older releases of ansible-core (CORES=\"2.18 2.20\" for some)"
	@echo "make docs    build the site of the documentation, in .cache/site"
	@echo "make bench   measure migrations, runs over a fleet, and lists against single tasks (BENCH=--quick to try it)"
	@echo "make acceptance  run the own tests of the Go SDK and of Terraform's provider with the double of Cloud Director"
	@echo "make fuzz    run the modules with 10,000 fuzzed sets of options (FUZZ=--seed=2 for others, FUZZ=--case=17 for one)"
	@echo "make versions  write docs/api-versions.md: run each module with each version of Cloud Director's API"
	@echo "make build   build the release: the tarball, its checksum and its bill of materials (CycloneDX)"
	@echo "make release prepare a release: VERSION=1.0.0 sets the version and writes the changelog"
	@echo "make lock    pin what make installs by version and hash, from tests/requirements/*.in"
	@echo "make format  format and lint the Python code"
	@echo "make clean   remove what the others have built (.cache/)"

demo:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py demo

fleet:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py fleet $(FLEET)

mesh:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py mesh $(MESH)

check:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py check

test:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py test $(GATES)

docs:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py docs

sanity:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py sanity $(CORES)

gates:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py gates

bench:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py bench $(BENCH)

acceptance:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py acceptance $(TESTS)

fuzz:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py fuzz $(FUZZ)

versions:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py versions

build:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py build

release:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py release "$(VERSION)"

lock:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py lock

format:
	@python=$$(tests/tools/find-python) && "$$python" tests/tools/workbench.py format

clean:
	rm -rf .cache

.PHONY: help demo fleet mesh check test docs sanity gates bench acceptance fuzz versions build release lock format clean
