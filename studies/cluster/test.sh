#!/usr/bin/env bash
# Runs a small study by each engine that is here, in three shards of which one is killed and gone on with, and compares the
# merged tables and page with those of one run, byte for byte. Run by hand and in the nightly workflow:
#   HYPPREC=target/release/hypprec studies/cluster/test.sh
# It needs `parallel` of the distribution and `pip install ray snakemake` for those engines; what is not here is said and
# skipped, and counts as a fault with ALL=1. Slurm's script runs against its environment variables, and against a slurmd where
# one answers (one node will do).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
HYPPREC=$(realpath "${HYPPREC:-$(command -v hypprec)}"); export HYPPREC
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
cat > study.toml <<'TOML'
question = "Is it the same?"
seed = 3
[[block]]
ops = ["distance", "exp"]
variants = ["best"]
models = ["poincare", "lorentz", "klein"]
scalars = ["f32", "f64"]
radii = [0.1, 1, 2, 3, 4, 5, 6]
directions = ["radial", "tangential", "random"]
separations = [1e-3]
dims = [2, 64]
curvatures = [1]
replicas = 20
TOML
"$HYPPREC" sweep study.toml --out one >/dev/null 2>&1

# Kills the process of a shard once it has kept something.
assassin() { # out part
    for _ in $(seq 600); do
        for part in "$1"/shard-"$2"-of-3/.parts/*/*.csv; do
            if [ -e "$part" ] && pid=$(grep -o '"process": [0-9]*' "$1/shard-$2-of-3/manifest.json" | tr -dc 0-9); then
                kill -9 "$pid" 2>/dev/null && { echo "  killed shard $2 (process $pid)"; return 0; }
            fi
        done
        sleep 0.05
    done
    echo "  shard $2 was never seen running"; return 1
}
same() { # name out
    for file in cells.csv summary.csv clip.csv curves.csv README.md index.html; do cmp "one/$file" "$2/$file"; done
    echo "$1: the same bytes"
}
skip() { echo "$1: not here"; [ "${ALL:-0}" = 0 ]; }

task() { SLURM_ARRAY_TASK_ID=$1 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=3 bash "$here/sweep.sbatch" study.toml slurm; }
task 3 >/dev/null 2>&1
task 2 >/dev/null 2>&1 & assassin slurm 2; wait $! || true
task 1 >/dev/null 2>&1
[ "$("$HYPPREC" status slurm --missing || true)" = 2 ]
task 2 >/dev/null 2>&1
"$HYPPREC" merge slurm --out slurm >/dev/null; same "Slurm's variables" slurm

if command -v sbatch >/dev/null && sinfo --noheader >/dev/null 2>&1; then
    submit() { sbatch --wait --cpus-per-task=1 --output=slurmd-%a.log "$@" "$here/sweep.sbatch" study.toml slurmd >/dev/null; }
    assassin slurmd 2 & submit --array=1-3 || true; wait $!
    missing=$("$HYPPREC" status slurmd --missing || true); [ "$missing" = 2 ]
    submit --array="$missing" --export=ALL,HYPPREC_SHARDS=3
    "$HYPPREC" merge slurmd --out slurmd >/dev/null; same "slurmd" slurmd
else skip "slurmd"; fi

if command -v parallel >/dev/null; then
    assassin gnu 2 & sh "$here/parallel.sh" study.toml gnu 3 >/dev/null 2>&1; wait $!
    "$HYPPREC" merge gnu --out gnu >/dev/null; same "GNU parallel" gnu
else skip "GNU parallel"; fi

if command -v snakemake >/dev/null; then
    assassin snake 2 & snakemake -s "$here/Snakefile" --cores 2 --config study=study.toml out=snake shards=3 >snake.log 2>&1 || { cat snake.log; exit 1; }
    wait $!; same "Snakemake" snake
else skip "Snakemake"; fi

if python3 -c 'import ray' 2>/dev/null; then
    assassin ray 2 & python3 "$here/ray_sweep.py" study.toml --out ray --shards 3 >ray.log 2>&1 || { cat ray.log; exit 1; }
    wait $!; same "Ray" ray
else skip "Ray"; fi
