#!/bin/sh
# Builds hypprec from the revision that an action was taken from and puts it on the job's PATH.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
export GMP_MPFR_SYS_CACHE="${GMP_MPFR_SYS_CACHE:-$HOME/.cache/gmp-mpfr-sys}"
sh "$source/.ci/setup"
cargo install --locked --path "$source" --root "$RUNNER_TEMP/hypprec"
echo "$RUNNER_TEMP/hypprec/bin" >> "$GITHUB_PATH"
