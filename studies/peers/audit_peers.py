"""Runs every library on our sample points and has `hypprec audit` judge what it gives.

    python audit_peers.py HYPPREC OUT

writes OUT/results.csv (a row for each library, operation, model, arithmetic, kind of pair and radius) and OUT/ceilings.csv
(values that a library gives again and again), from which `hypprec report OUT` makes the page. Work files go to OUT/.work.
"""

import collections
import csv
import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import newer
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
STUDY = "studies/peers/points.toml"
MODELS = ["poincare", "lorentz-ambient", "klein"]
SCALARS = ["f32", "f64"]
# Ours: the library's default formula, and what no formula can better: the exact answer for the points as stored.
OURS, FLOOR = "hypprec", "storage floor"
NEAR = 0.1
# The point that a sample's text names as one of its inputs.
INPUTS = ["x", "y", "v", "p", "a"]
# As many equal answers of one library that they are no accident.
TIES = 5

RESULTS = (
    "library version op model scalar pairs radius n unstorable ok_share zeros"
    " median_relative p99_relative max_relative median_ulps p99_ulps max_ulps median_total max_total"
).split()
CEILINGS = "library version model scalar ceiling ties from n".split()


def questions():
    """What is asked: the name of an operation here, and the options that ask it of hypprec."""
    for op in ["distance", "gradient", "add", "exp", "log", "transport", "mlr"]:
        options = ["--op", "distance", "--gradient", "x"] if op == "gradient" else ["--op", op]
        for model in MODELS:
            if op == "gradient" and model == "lorentz-ambient":
                continue
            for scalar in SCALARS:
                yield op, model, scalar, [*options, "--model", model, "--scalar", scalar]


def run(*words):
    done = subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True, cwd=HERE.parents[1])
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout


def read(path):
    lines = path.read_text().splitlines()
    return [line for line in lines if line.startswith("#")], list(csv.DictReader(line for line in lines if not line.startswith("#")))


def write(path, columns, rows, comments=()):
    beside = path.with_suffix(".tmp")
    with beside.open("w", newline="") as out:
        out.writelines(f"{line}\n" for line in comments)
        writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)


def kind(row):
    if row["direction"] == "random":
        return "far"
    return "near" if float(row["separation"]) <= NEAR else "unit"


def text(value):
    """The shortest text that reads back as the value."""
    return " ".join(str(x) for x in np.atleast_1d(value))


def values(library, op, model, scalar, rows):
    """The library's values for all rows, computed in one batch for each dimension; None where it has no such operation."""
    found = [None] * len(rows)
    by_dim = collections.defaultdict(list)
    for i, row in enumerate(rows):
        by_dim[row["dim"]].append(i)
    for places in by_dim.values():
        dtype = {"f32": np.float32, "f64": np.float64}[scalar]
        inputs = {
            name: np.array([[dtype(x) for x in rows[i][name].split()] for i in places]) for name in INPUTS if name in rows[0]
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            computed = library.compute(op, model, scalar, inputs)
        if computed is None:
            return None
        computed = np.asarray(computed)
        # A library that leaves the arithmetic it was given is judged on what it gives.
        if computed.shape[0] != len(places):
            sys.exit(f"{library.name}: {op}: {computed.shape} for {len(places)} rows")
        for i, value in zip(places, computed):
            found[i] = text(value)
    return found


def groups(report):
    for group in report["groups"]:
        yield tuple(group["key"]), group


def spread(group, error, which):
    return "" if group[error] is None else group[error][which]


def main(hypprec, out):
    from libraries import LIBRARIES

    work = out / ".work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    results, ceilings, heads = [], [], []
    for op, model, scalar, options in questions():
        points = work / f"{op}-{model}-{scalar}.csv"
        run(hypprec, "sample", STUDY, *options, "--out", points)
        heads, rows = read(points)
        for row in rows:
            row["pairs"] = kind(row)
        columns = [*rows[0]]
        write(points, columns, rows)
        own = work / "own.csv"
        run(hypprec, "eval", *options, "--truth", "--out", own, points)
        _, computed = read(own)
        candidates = [
            (OURS, "default", [row["value"] for row in computed]),
            (FLOOR, "", [row["truth"] for row in computed]),
        ]
        for library in LIBRARIES:
            given = values(library, op, model, scalar, rows)
            if given is not None:
                candidates.append((library.name, library.version, given))
        # Every radius has as many samples as the nearest, which any arithmetic can store.
        whole = collections.Counter(row["pairs"] for row in rows if float(row["radius"]) == 0.1)
        for name, version, given in candidates:
            write(work / "given.csv", [*columns, "value"], [{**row, "value": value} for row, value in zip(rows, given)])
            audit = [hypprec, "audit", *options, "--answer", "answer", "--by", "pairs,radius", "--json"]
            zeros = collections.Counter(
                (row["pairs"], row["radius"])
                for row, value in zip(rows, given)
                if all(float(x) == 0 for x in value.split())
            )
            for key, group in groups(json.loads(run(*audit, work / "given.csv"))):
                row = dict(library=name, version=version, op=op, model=model, scalar=scalar, pairs=key[0], radius=key[1])
                row.update(n=group["n"], unstorable=whole[key[0]] - group["n"], ok_share=group["ok_share"], zeros=zeros[key])
                for column, error in [("relative", "relative_error"), ("ulps", "ulps")]:
                    for which in ["median", "p99", "max"]:
                        row[f"{which}_{column}"] = spread(group, error, which)
                for which in ["median", "max"]:
                    row[f"{which}_total"] = spread(group, "total_error", which)
                results.append(row)
            if op == "distance" and name != FLOOR:
                far = [(float(value), float(row["answer"])) for row, value in zip(rows, given) if row["pairs"] == "far"]
                for ceiling, ties in collections.Counter(value for value, _ in far if np.isfinite(value)).most_common(1):
                    if ties >= TIES:
                        least = min(answer for value, answer in far if value == ceiling)
                        row = dict(library=name, version=version, model=model, scalar=scalar)
                        ceilings.append({**row, "ceiling": ceiling, "ties": ties, "from": least, "n": len(far)})
            print(f"{op} {model} {scalar} {name}", file=sys.stderr)
    heads = ["# command: make peers", *heads[1:]]
    write(out / "results.csv", RESULTS, results, heads)
    write(out / "ceilings.csv", CEILINGS, ceilings, heads)
    shutil.rmtree(work)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    newer.install()
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
