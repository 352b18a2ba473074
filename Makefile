# make sweep   set up what is missing, build, run the boundary study, say where its page is
# make test    set up what is missing, run every test (HYPPREC_LONG_TESTS=1 for the long ones)
# make lint    formatting, clippy with warnings denied, documentation without warnings

# GMP and MPFR are built once per user and kept here, so that later builds take seconds.
export GMP_MPFR_SYS_CACHE ?= $(HOME)/.cache/gmp-mpfr-sys
OUT ?= out/boundary

.PHONY: help setup build sweep test lint
help:
	@sed -n 's/^# \(make\)/\1/p' Makefile

setup:
	@sh .ci/setup

build: setup
	cargo build --release

sweep: build
	target/release/hypprec sweep --out $(OUT)

test: setup
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run; else cargo test --lib --bins --tests; fi
	cargo test --doc

lint: setup
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
