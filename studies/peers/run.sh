#!/bin/sh
# Audits the other libraries: a Python environment with pinned packages, their values on our points, and the page.
# Usage: studies/peers/run.sh [FOLDER]   (default reports/peers)
set -eu
cd "$(dirname "$0")/../.."
out=${1:-reports/peers}
environment=${HYPPREC_PEERS:-target/peers}
python=${PYTHON:-python3}

if ! [ -x "$environment/bin/python" ]; then
    "$python" -m venv "$environment"
fi
"$environment/bin/pip" install --quiet --requirement studies/peers/requirements.txt
"$environment/bin/pip" install --quiet --no-deps --ignore-requires-python --requirement studies/peers/requirements-newer.txt

cargo build --release
mkdir -p "$out"
PYTHONDONTWRITEBYTECODE=1 JAX_PLATFORMS=cpu CUDA_VISIBLE_DEVICES= "$environment/bin/python" studies/peers/audit_peers.py target/release/hypprec "$out"
target/release/hypprec report "$out"
