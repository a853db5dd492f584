#!/usr/bin/env python3
"""Which backend is fastest for each layer, and all times as a pivot table, by pandas.

Usage: scripts/compare_backends.py RESULTS…   (CSV or JSON of conv-bench)
Exit codes: 0 told; 2 wrong usage or a bad file; 3 a Python package is missing.
"""

import argparse
import os
import re
import sys

SCRIPTS = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True

from report_page.results import BadFile, read_results  # noqa: E402

LAYER = ["machine", "network", "layer", "problem", "direction", "isa", "layout", "threads", "cache"]


def end(status, message):
    """Ends with one line on standard error, as conv-bench does."""
    print("compare_backends: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(status)


def import_pandas():
    """pandas of this interpreter, or of the one that scripts/setup-report made."""
    try:
        import pandas
    except ImportError:
        venv = os.path.join(os.path.dirname(SCRIPTS), ".build", "report-venv")
        python = os.path.join(venv, "bin", "python")
        if os.access(python, os.X_OK) and os.path.realpath(sys.prefix) != os.path.realpath(venv):
            os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])
        end(3, f"the Python package pandas is missing; run {SCRIPTS}/setup-report")
    return pandas


def visible(text):
    """Without what would move the cursor of a terminal."""
    return re.sub(r"[\x00-\x1f\x7f]", "?", text)


def timed_rows(pandas, results):
    """A frame of what was timed: of each layer and backend the fastest variant of the last run."""
    records = [
        {
            **{column: visible(row.text(column)) for column in (*LAYER, "backend", "variant")},
            # Files from before the column hold warm rows.
            "cache": "cold" if row.text("cache") == "cold" else "",
            "run": row.text("run_id"), "ms": row.median_ms,
            "low": row.ci95_low_ms or row.median_ms, "high": row.ci95_high_ms or row.median_ms,
        }
        for row in results.rows if row.is_timed
    ]
    if not records:
        end(2, f"{', '.join(results.files)}: no row was timed (status ok)")
    frame = pandas.DataFrame(records)
    contender = [*LAYER, "backend"]
    last = frame.groupby(contender, sort=False)["run"].transform("last")
    frame = frame[frame["run"] == last]
    frame = frame.loc[frame.groupby(contender, sort=False)["ms"].idxmin()]
    return frame.sort_index().assign(name=names(frame), conditions=conditions(frame))


def names(frame):
    """`vgg16-conv1_1`; with the problem where one name has several, and alone where there is none."""
    name = frame["layer"].where(frame["network"] == "", frame["network"] + "-" + frame["layer"])
    same = [name, conditions(frame)]
    is_ambiguous = frame["problem"].groupby(same, sort=False).transform("nunique") > 1
    name = name.where(~is_ambiguous | (name == ""), name + " " + frame["problem"])
    return name.where(name != "", frame["problem"])


def conditions(frame):
    """`2t avx512 nchw`; with bias, ReLU, cold caches and machine where they make a difference."""
    text = frame["threads"] + "t " + frame["isa"] + " " + frame["layout"]
    text = text.where(frame["direction"] == "forward", text + " " + frame["direction"])
    text = text.where(frame["cache"] == "", text + " " + frame["cache"])
    return text + " " + frame["machine"] if frame["machine"].nunique() > 1 else text


def digits(milliseconds):
    return f"{milliseconds:#.4g}" if milliseconds < 1000 else f"{milliseconds:.0f}"


def ranking(pandas, frame):
    """One row a layer: the fastest backend, its time and how far the next one is behind."""
    rows = []
    for _, group in frame.groupby(LAYER, sort=False):
        order = group.sort_values("ms", kind="stable")
        first, second = order.iloc[0], order.iloc[1] if len(order) > 1 else None
        variant = f" ({first['variant']})" if first["variant"] else ""
        is_tie = second is not None and second["low"] <= first["high"]
        rows.append({
            "layer": first["name"], "conditions": first["conditions"],
            "fastest": first["backend"] + variant, "time": digits(first["ms"]) + " ms",
            "runner-up": "-" if second is None else second["backend"],
            "ratio": "-" if second is None
            else f"{second['ms'] / first['ms']:.2f}x" + (" ~" if is_tie else ""),
        })
    return pandas.DataFrame(rows)


def pivot(frame):
    """Milliseconds, a row for each layer and a column for each backend."""
    table = frame.pivot_table(
        index=["name", "conditions"], columns="backend", values="ms", sort=False)
    table.index.names = ["layer", "conditions"]
    table.columns.name = None
    return table


def aligned(rows, right):
    """The rows as text, two blanks between columns; those of `right` are flush with their ends."""
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths))
        ).rstrip()
        for cells in rows)


def show(pandas, frame):
    rank = ranking(pandas, frame)
    print(aligned([list(rank.columns), *rank.values.tolist()], right={3}))
    if rank["ratio"].str.endswith("~").any():
        print("~ the 95 % intervals of the two overlap")
    print("\nmedian time, ms")
    print(pivot(frame).to_string(float_format=digits, na_rep="-", sparsify=False))


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        end(2, f"{message}; see {self.prog} --help")


def main():
    parser = Parser(
        prog="compare_backends.py", description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", metavar="RESULTS", help="CSV or JSON of conv-bench")
    options = parser.parse_args()
    pandas = import_pandas()
    try:
        results = read_results(options.results)
    except BadFile as error:
        end(2, str(error))
    for notice in results.notices:
        print(f"compare_backends: note: {notice}", file=sys.stderr)
    show(pandas, timed_rows(pandas, results))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
