# EpochCore. `make run` opens the console; `make help` lists the rest. The work is in scripts/.
.PHONY: help run dev test bundle bench fmt lint setup icons

help:   ## this list
	@grep -hE '^[a-z]+: +##' Makefile | sed 's/: *## */\t/' | expand -t 10

run:    ## build and open the console (headless host without a display); ARGS="DIR --open /kpis"
	@scripts/run.sh $(ARGS)

dev:    ## the console with hot reload of the page
	@scripts/dev.sh

test:   ## everything that must hold before a change lands
	@scripts/test.sh

bundle: ## an installer for this machine in target/release/bundle
	@scripts/bundle.sh

bench:  ## measures what the design sets goals for; ARGS go to `ras bench`
	@scripts/bench.sh $(ARGS)

fmt:    ## formats Rust and the page
	@scripts/fmt.sh

lint:   ## formatting and lints only
	@scripts/lint.sh

setup:  ## installs what building and testing need, and says why
	@scripts/setup.sh build test

icons:  ## draws the icons again from assets/icons/source
	@scripts/icons.py
