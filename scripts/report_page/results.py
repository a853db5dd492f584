"""Reads result files: CSV, JSON of a run, JSON of `conv-bench machine`."""

import csv
import functools
import io
import json
import math
import os
import re

ESSENTIAL = ("schema", "problem", "backend", "isa", "threads", "status")
NUMBERS = (
    "threads multiplicity median_ms ci95_low_ms ci95_high_ms gflop gflops gflops_executed"
    " peak_fraction weights_bytes workspace_bytes rel_l2_error max_abs_error"
    " error_bound_fraction prepare_ms"
).split()
SCHEMA = 1
CACHES = ("", "warm", "cold")
LARGEST_FILE = 128 << 20


class BadFile(Exception):
    """A file that holds no results: `file:line: reason`."""


class Row:
    """One row: the text of each cell by column, and the numbers that the page computes with."""

    __slots__ = ("index", "cells", "file", "line", "contender", "label", "is_timed", *NUMBERS)

    def __init__(self, index, cells, file, line, name):
        self.index, self.cells, self.file, self.line = index, cells, file, line
        self.contender = self.label = ""
        for column in NUMBERS:
            text = self.text(column)
            try:
                value = float(text) if text else None
            except ValueError:
                value = math.nan
            if value is not None and not math.isfinite(value):
                raise BadFile(f"{name}:{line}: {column}: '{text[:40]}' is not a value of it")
            setattr(self, column, value)
        self.is_timed = self.text("status") == "ok" and bool(self.median_ms) and self.median_ms > 0

    def text(self, column):
        place = self.index.get(column)
        return self.cells[place] if place is not None else ""

    def reference(self, column):
        """The cell's address in a formula."""
        return f"[{self.file}:{self.line}:{column}]"


def tell_schema(schemas, path, results):
    """Tells of rows in another schema than this page knows; their columns go by their names."""
    for schema in sorted({text for text in schemas if text != str(SCHEMA)}):
        age = "older" if schema.isdigit() and int(schema) < SCHEMA else "newer"
        results.notices.append(f"{path}: written with schema {schema}, {age} than this page's {SCHEMA}")


class Results:
    """Everything that was read."""

    def __init__(self):
        self.files = []
        self.rows = []
        self.notices = []
        self.warnings = []
        self.environments = {}
        self.machines = {}


def read_results(paths):
    results = Results()
    for path in paths:
        text = read_text(path)
        results.files.append(path)
        if text.lstrip()[:1] == "{":
            read_json(text, path, results)
        else:
            read_csv(text, path, results)
        file = len(results.files) - 1
        tell_schema({row.text("schema") for row in results.rows if row.file == file}, path, results)
    if not results.rows:
        raise BadFile(f"{', '.join(paths)}: no rows of results; write some with conv-bench --csv")
    return results


def read_text(path):
    try:
        if os.path.isdir(path):
            raise BadFile(f"cannot read {path}: is a directory")
        size = os.path.getsize(path)
        if size > LARGEST_FILE:
            raise BadFile(
                f"{path}: {size >> 20} MiB, more than the {LARGEST_FILE >> 20} MiB that a page can"
                " show; give a part of it"
            )
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror}") from None
    if not text.strip():
        raise BadFile(f"{path}: is empty; expected conv-bench results")
    return text


def read_csv(text, path, results):
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next_row(reader, path)
    missing = [name for name in ESSENTIAL if name not in header]
    if missing:
        raise BadFile(f"{path}:1: no column '{missing[0]}'; not a conv-bench result file")
    index = {name: place for place, name in enumerate(header)}
    file = len(results.files) - 1
    ends_line = text.endswith(("\n", "\r"))
    last_line = text.count("\n") + (0 if text.endswith("\n") else 1)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # The last row ends within quotes: it was cut off while it was written.
            if line < last_line or "unexpected end" not in str(error):
                raise BadFile(f"{path}:{line}: {error}") from None
            cells, ends_line = [""], False
        if cells is None:
            return
        if not cells:
            continue
        is_short = len(cells) < len(header) or (
            header[-1] == "cache" and cells[-1] not in CACHES)
        if is_short and not ends_line and reader.line_num >= last_line:
            results.notices.append(f"{path}:{line}: the last row is cut off and is left out")
            return
        if len(cells) != len(header):
            raise BadFile(
                f"{path}:{line}: has {len(cells)} fields, the header has {len(header)}"
            )
        row = Row(index, cells, file, line, path)
        # The total of a network is no result of its own; the page adds up itself.
        if row.text("problem") or row.text("layer") != "total":
            results.rows.append(row)


def next_row(reader, path):
    try:
        return next(reader)
    except (csv.Error, StopIteration):
        raise BadFile(f"{path}:1: no header; not a conv-bench result file") from None


def read_json(text, path, results):
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{path}: no JSON: {error}") from None
    if "bandwidths" in document and "fingerprint" in document:
        results.machines[str(document["fingerprint"])] = document
        return
    if not isinstance(document.get("results"), list):
        raise BadFile(f"{path}: no \"results\"; not a conv-bench result file")
    file = len(results.files) - 1
    for number, values in enumerate(document["results"]):
        if not isinstance(values, dict) or any(name not in values for name in ESSENTIAL):
            raise BadFile(f"{path}: results[{number}] is no row of results")
        cells = {
            name: "" if value is None else str(value)
            for name, value in values.items()
            if not isinstance(value, (list, dict))
        }
        index = {name: name for name in cells}
        results.rows.append(Row(index, cells, file, number, path))
    run = document.get("run") or {}
    results.environments[str(run.get("run_id"))] = document.get("environment") or {}
    results.warnings += [f"{path}: {warning}" for warning in document.get("warnings") or []]


FIELD = re.compile(r"(ic|ih|iw|oc|oh|ow|kh|kw|sh|sw|ph|pw|phr|pwr|dh|dw|mb|g)(\d+)")


@functools.lru_cache(maxsize=1 << 17)
def shape(problem):
    """The fields of a problem as conv-bench writes it, with the deduced ones filled in; not to be changed."""
    fields = {name: int(value) for name, value in FIELD.findall(problem.split("n\"")[0])}
    try:
        fields.setdefault("mb", 1)
        for pair in (("ih", "iw"), ("oh", "ow")):
            fields.setdefault(pair[1], fields[pair[0]])
        for name in ("ic", "ih", "oc", "oh"):
            fields[name]
        return fields
    except KeyError:
        return None
