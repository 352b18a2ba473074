"""One study over a Ray cluster: a task a shard, retried where it was when its worker dies, then merged.

    python ray_sweep.py boundary --out out/boundary --shards 7 [--address auto]

The folder that this is run in is on a file system that all nodes share. The binary is `hypprec` on the path, or what HYPPREC says.
"""

import argparse
import os
import subprocess
import sys

import ray

STOPPED = 75  # stopped by a signal, and to be gone on with
RETRIES = 3


def command(*words):
    return [os.environ.get("HYPPREC", "hypprec"), *words]


@ray.remote(max_retries=RETRIES)
def shard(place, study, out, part, shards, jobs):
    """Measures one shard; raises where it fails, so that Ray does not take it for done."""
    words = command("sweep", study, "--out", out, "--shard", f"{part}/{shards}", "--resume", "--jobs", str(jobs))
    for _ in range(1 + RETRIES):
        done = subprocess.run(words, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # A negative code is a signal that nobody asked for: the kernel's out-of-memory killer, or another's.
        if done.returncode != STOPPED and done.returncode >= 0:
            break
    if done.returncode != 0:
        raise RuntimeError(f"shard {part}/{shards}: {done.stderr.strip().splitlines()[-1:]}")
    return part


def bar(done, shards, width=40):
    full = width * done // shards
    end = "\r" if sys.stderr.isatty() and done < shards else "\n"
    print(f"[{'#' * full}{' ' * (width - full)}] {done}/{shards} shards", end=end, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study")
    parser.add_argument("--out", required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--cores", type=int, default=1, help="cores a shard")
    parser.add_argument("--address", help="of a running cluster; a local one is started without it")
    asked = parser.parse_args()
    study, out = asked.study, asked.out
    ray.init(address=asked.address, log_to_driver=False, include_dashboard=False)
    task = shard.options(num_cpus=asked.cores)
    # Every worker stands where the driver stands, so that the tables name the study as it was asked for.
    left = [task.remote(os.getcwd(), study, out, part, asked.shards, asked.cores) for part in range(1, asked.shards + 1)]
    while left:
        done, left = ray.wait(left)
        ray.get(done)
        bar(asked.shards - len(left), asked.shards)
    sys.exit(subprocess.run(command("merge", out, "--out", out)).returncode)


if __name__ == "__main__":
    main()
