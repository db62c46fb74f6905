#!/usr/bin/env python3
"""What reading tables costs, beside polars and pyarrow: CPU seconds and peak memory.

    VENV/bin/python benches/data/run.py                       # everything; needs numpy, polars and pyarrow
    VENV/bin/python benches/data/run.py --only quoted,parquet --repeat 7
    VENV/bin/python benches/data/run.py --scale 0.01 --binary target/debug/lanthorn   # does it work?

CPU seconds (user + system, of all threads) of whole processes, which a busy machine disturbs less
than wall time; ours and the peers run in alternation, and figures are medians (the smallest beside them).
A peer's second figure is its reading alone, without the import. Ours is `lanthorn check`, which reads
the table, fits the preprocessing, makes the matrix and checks it; `start` is the same over 10 rows.
What is measured, at `--scale 1`:

    plain        W5: 200,000 rows of 50 numbers and a target, CSV (85 MB)
    one_quote    the same, with one quoted cell in its last row
    quoted       the same, with every cell in quotes
    categories   1,000,000 rows: 2 numbers, columns of 3, 1,000 and 200,000 texts, to codes
    parquet      W5 as Parquet, f32, not compressed and by zstd, to one matrix
    predict      predictions for a table of 2 GB: peak memory, beside that for a hundredth of it
    train        one epoch over 4 x W5: peak bytes for each number of the table

The data are made once, under --data; a Parquet binary is one built with `--features full`.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CASES = "plain,one_quote,quoted,categories,parquet,predict,train"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--binary", default=os.path.join(ROOT, "target", "release", "lanthorn"))
parser.add_argument("--data", default=os.path.expanduser("~/.cache/lanthorn-data-bench"), help="where the tables are made")
parser.add_argument("--only", default=CASES, help="cases, separated by commas")
parser.add_argument("--repeat", type=int, default=5)
parser.add_argument("--scale", type=float, default=1.0, help="rows of every table, as a part of the above")
parser.add_argument("--threads", type=int, help="threads of ours; by default as it comes")
parser.add_argument("--json", help="write all figures to this file")
ARGS = parser.parse_args()

FEATURES = [f"x{i}" for i in range(50)]
NUMBERS = "[{columns: 'x*', scale: standard}]"
CODES = "[a, b, {column: kind, encode: label}, {column: city, encode: label}, {column: shop, encode: label}]"


def main():
    folder = os.path.join(ARGS.data, f"scale-{ARGS.scale:g}")
    ARGS.binary = os.path.abspath(ARGS.binary)
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    failures = []
    results = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    show("start", [("lanthorn", [check("start")])], results)
    for case in ARGS.only.split(","):
        if case not in CASES.split(","):
            sys.exit(f"there is no case `{case}`: {CASES}")
        print(f"{case}: making the table", file=sys.stderr)
        try:
            globals()[case](results)
        except Failed as error:
            failures.append(case)
            print(f"{case}: {error}", file=sys.stderr)
    if ARGS.json:
        with open(ARGS.json, "w") as file:
            json.dump(results, file, indent=1)
    if failures:
        sys.exit(f"not measured: {', '.join(failures)}")


class Failed(Exception):
    """A process that ended with an error."""


# the cases ------------------------------------------------------------------------------------------

def plain(results):
    compare("plain", {"lanthorn": lambda: check("plain"), **csv_peers("plain.csv", "numbers")}, results)


def one_quote(results):
    compare("one_quote", {"lanthorn": lambda: check("one_quote"), **csv_peers("one_quote.csv", "numbers")}, results)


def quoted(results):
    compare("quoted", {"lanthorn": lambda: check("quoted"), **csv_peers("quoted.csv", "numbers")}, results)


def categories(results):
    compare("categories", {"lanthorn": lambda: check("categories"), **csv_peers("categories.csv", "codes")}, results)


def parquet(results):
    for name in ["parquet", "parquet_zstd"]:
        peers = {
            peer: lambda peer=peer, name=name: run_peer(peer, "matrix", f"{name}.parquet") for peer in ["polars", "pyarrow"]
        }
        compare(name, {"lanthorn": lambda name=name: check(name), **peers}, results)


def predict(results):
    """Memory doesn't grow with the table: that of the whole is that of a hundredth."""
    run(train_command("plain"))
    for name in ["hundredth", "large"]:
        make(name)
    measured = [
        (name, [run([ARGS.binary, "predict", "run-plain", table(name), "-o", name + "-out.csv"])])
        for name in ["hundredth", "large"]
    ]
    show("predict", measured, results)
    for name, _ in measured:
        os.remove(name + "-out.csv")


def train(results):
    """Bytes for each number, without those of a training on 10 rows."""
    small, large = [], []
    for _ in range(ARGS.repeat):
        small.append(run(train_command("start")))
        large.append(run(train_command("fourfold")))
    show("train", [("10 rows", small), ("4 x W5", large)], results)
    numbers = rows(4 * 200_000) * 51
    peak = median(large, "peak_mb") * 1e6
    net = peak - median(small, "peak_mb") * 1e6
    print(f"| train, bytes a number | {peak / numbers:.2f} in all, {net / numbers:.2f} without the program's own |")
    results["train_bytes_a_number"] = {"in_all": peak / numbers, "net": net / numbers}


# running ----------------------------------------------------------------------------------------------

def compare(name, who, results):
    found = {one: [] for one in who}
    for turn in range(ARGS.repeat):
        for one, go in who.items():
            found[one].append(go())
        print(f"{name} {turn + 1}/{ARGS.repeat}", file=sys.stderr)
    show(name, list(found.items()), results)


def check(name):
    return run([ARGS.binary, "check", config(name)])


def train_command(name):
    shutil.rmtree(f"run-{name}", ignore_errors=True)
    return [ARGS.binary, "train", config(name), "-o", f"run-{name}"]


def csv_peers(path, what):
    return {peer: lambda peer=peer: run_peer(peer, what, path) for peer in ["polars", "pyarrow"]}


def run_peer(peer, what, path):
    """One reading in a process of its own, which prints the CPU seconds of the reading alone."""
    make(os.path.splitext(path)[0])
    return run([sys.executable, "-c", PEERS, peer, what, path])


PEERS = r"""
import sys, time
peer, what, path = sys.argv[1:]
import numpy as np
if peer == "polars":
    import polars as pl
else:
    import pyarrow as pa, pyarrow.csv, pyarrow.parquet
start = time.process_time()
if peer == "polars":
    if what == "matrix":
        table = pl.read_parquet(path).to_numpy()
    elif what == "numbers":
        table = pl.read_csv(path, infer_schema_length=None).cast(pl.Float32, strict=False)
    else:
        table = pl.read_csv(path).with_columns(pl.col("kind", "city", "shop").cast(pl.Categorical).to_physical())
else:
    if what == "matrix":
        table = np.stack([column.to_numpy() for column in pyarrow.parquet.read_table(path).columns], axis=1)
    else:
        table = pyarrow.csv.read_csv(path)
        if what == "codes":
            table = [table[name].dictionary_encode() for name in ["kind", "city", "shop"]]
print(time.process_time() - start)
"""


# A small process between: a child's peak memory begins with its parent's.
LAUNCH = """
import os, sys
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(command):
    """CPU seconds, peak memory and wall time of a process; its output says what failed."""
    if ARGS.threads and command[0] == ARGS.binary:
        command = [*command, "--threads", str(ARGS.threads)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, tempfile.NamedTemporaryFile("r") as usage:
        launch = [sys.executable, "-S", "-c", LAUNCH, usage.name, *command]
        code = subprocess.run(launch, stdout=out, stderr=errors).returncode
        out.seek(0)
        if code != 0:
            errors.seek(0)
            raise Failed(f"{' '.join(command[:4])} failed:\n{errors.read().decode()[-2000:]}")
        cpu, peak = map(float, usage.read().split())
        found = {"cpu_s": cpu, "peak_mb": peak * 1024 / 1e6}
        if command[0] == sys.executable:
            found["reading_s"] = float(out.read())
    return found


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def show(name, measured, results):
    """Lines of a Markdown table."""
    if name == "start":
        print("| case | who | CPU s, median (smallest) | reading alone | peak MB |\n|---|---|--:|--:|--:|")
    for who, runs in measured:
        least = min(run["cpu_s"] for run in runs)
        reading = f"{median(runs, 'reading_s'):.2f}" if "reading_s" in runs[0] else "-"
        cpu = f"{median(runs, 'cpu_s'):.2f} ({least:.2f})"
        print(f"| {name} | {who} | {cpu} | {reading} | {median(runs, 'peak_mb'):.0f} |", flush=True)
    results[name] = {who: runs for who, runs in measured}


# the tables -------------------------------------------------------------------------------------------

def rows(whole):
    return max(10, round(whole * ARGS.scale))


def table(name):
    return name + (".parquet" if name.startswith("parquet") else ".csv")


def config(name):
    """The configuration of a table, which is made where it isn't there."""
    make(name)
    path = f"{name}.yaml"
    features = CODES if name == "categories" else NUMBERS
    with open(path, "w") as file:
        file.write(
            f"name: {name}\nseed: 1\ndata:\n  train: {table(name)}\n  features: {features}\n  target: y\n"
            "model:\n  layers:\n    - dense: {units: 8, activation: relu}\n    - dense: {units: 1}\n"
            "compile: {optimizer: adam, loss: mse}\nfit: {batch_size: 1024, epochs: 1}\n"
        )
    return path


def make(name):
    if os.path.exists(table(name)):
        return
    part = table(name) + ".part"
    MAKERS[name](part)
    os.replace(part, table(name))


def numbers(n):
    import numpy as np

    random = np.random.default_rng(505)
    scales = 10.0 ** random.integers(-3, 4, 50)
    x = (random.standard_normal((n, 50)) + random.standard_normal(50)) * scales
    y = (x / scales) @ random.standard_normal(50)
    return np.column_stack([x, y])


def write(path, n, times=1, cell=lambda text: text, last=None):
    """So many rows of numbers, `times` over; the last row's target in a form of its own."""
    lines = [",".join(cell(f"{v:.6g}") for v in row) for row in numbers(n)]
    block = "\n".join(lines) + "\n"
    if last:
        head, _, target = block.rstrip("\n").rpartition(",")
        block = f"{head},{last(target)}\n"
    with open(path, "w") as file:
        file.write(",".join(cell(name) for name in FEATURES + ["y"]) + "\n")
        for _ in range(times):
            file.write(block)


def in_quotes(text):
    return f'"{text}"'


def write_categories(path):
    import numpy as np

    n, random = rows(1_000_000), np.random.default_rng(7)
    a, b = random.integers(0, 1000, n).tolist(), random.standard_normal(n).tolist()
    kind, city = random.integers(0, 3, n).tolist(), random.integers(0, 1000, n).tolist()
    shop = random.integers(0, max(2, n // 5), n).tolist()
    with open(path, "w") as file:
        file.write("a,b,kind,city,shop,y\n")
        for a, b, kind, city, shop in zip(a, b, kind, city, shop):
            file.write(f"{a},{b:.4f},kind{kind},city {city},s{shop:06},{a % 7}\n")


def write_parquet(path, compression):
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as parquet_files

    columns = numbers(rows(200_000)).astype(np.float32).T
    arrays = pa.table({name: np.ascontiguousarray(column) for name, column in zip(FEATURES + ["y"], columns)})
    parquet_files.write_table(arrays, path, compression=compression, use_dictionary=compression != "none")


MAKERS = {
    "start": lambda path: write(path, 10),
    "plain": lambda path: write(path, rows(200_000)),
    "one_quote": lambda path: write(path, rows(200_000), last=in_quotes),
    "quoted": lambda path: write(path, rows(200_000), cell=in_quotes),
    "categories": write_categories,
    "parquet": lambda path: write_parquet(path, "none"),
    "parquet_zstd": lambda path: write_parquet(path, "zstd"),
    "fourfold": lambda path: write(path, rows(200_000), times=4),
    "hundredth": lambda path: write(path, rows(200_000) // 5),
    "large": lambda path: write(path, rows(200_000) // 5, times=100),
}


if __name__ == "__main__":
    main()
