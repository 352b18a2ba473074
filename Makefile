# make sweep   set up what is missing, build, run the boundary study; it says where its page is (OUT=folder)
# make test    set up what is missing, run every test, documentation examples included
# make test-train  the tests and lints of the feature `train` (builds burn, some minutes)
# make lint    formatting, clippy with warnings denied, documentation without warnings
# make gate    check every operation's errors against the committed baseline
# make peers   audit the other libraries on our points (a Python environment of some gigabytes, a quarter of an hour)
# make bench   run the benchmarks
# make train   fetch MNIST, train studies/train/mnist.toml, write its page; or another recipe (RECIPE=file)
# make help    this list

# GMP and MPFR are built once per user and kept here, so that later builds take seconds.
HYPPREC_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
export GMP_MPFR_SYS_CACHE ?= $(HYPPREC_CACHE)/gmp-mpfr-sys
# Where .ci/setup puts m4 when it may not install packages.
export HYPPREC_TOOLS ?= $(HYPPREC_CACHE)/hypprec-tools
export PATH := $(PATH):$(HYPPREC_TOOLS)/cmeel.prefix/bin

OUT ?= out/boundary

.PHONY: help setup sweep test test-train lint gate peers bench train
help:
	@sed -n 's/^# \(make\)/\1/p' Makefile

setup:
	@sh .ci/setup

sweep: setup
	cargo build --release
	cargo run --quiet --release -- sweep --out "$(OUT)"

test: setup
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --no-fail-fast; else cargo test --no-fail-fast --lib --bins --tests; fi
	cargo test --doc

test-train: setup
	cargo test --no-fail-fast --features train --test tensor --test train
	cargo test --no-fail-fast --features train --lib -- train:: data:: tensor
	cargo clippy --all-targets --features train -- -D warnings

lint: setup
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet

# In the profile of the tests, so that nothing is built for it alone.
gate: setup
	cargo run --quiet -- check

peers: setup
	sh studies/peers/run.sh

bench: setup
	cargo bench

train: setup
	cargo build --release --features train
	@if test -z "$(RECIPE)"; then cargo run --quiet --release --features train -- data fetch mnist; fi
	cargo run --quiet --release --features train -- train $(or $(RECIPE),mnist)
