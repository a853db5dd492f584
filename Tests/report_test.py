#!/usr/bin/env python3
"""Every number in the tables of the report page follows from the result files; bad files are told.

Usage: Tests/report_test.py (scripts/test does it; needs the packages of scripts/requirements.txt)
"""

import csv
import html.parser
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPORT = os.path.join(ROOT, "scripts", "report.py")
HEADER = (
    "schema run_id timestamp commit machine network layer multiplicity problem direction backend"
    " variant isa layout threads status reason median_ms ci95_low_ms ci95_high_ms min_ms mean_ms"
    " stddev_ms samples calls_per_sample gflop gflops gflops_executed peak_fraction bound prepare_ms"
    " weights_bytes workspace_bytes checked_outputs max_abs_error rel_l2_error"
    " error_bound_fraction seed cache"
).split()


def row(number, **more):
    """A plausible row; times differ by `number`."""
    ms = 1.25 + (number * 37 % 101) / 7
    values = dict(
        schema=1, run_id="r1", timestamp="2026-01-01T00:00:00Z", commit="abc", machine="m1",
        network="net", layer=f"conv{number % 7}", multiplicity=1 + number % 3,
        problem=f"mb1ic{16 + number % 7}ih14oc32oh14kh3ph1", direction="forward",
        backend=("direct", "winograd", "im2col")[number % 3], variant="14x2 bands", isa="avx512",
        layout="nchw", threads=1 + number // 21 % 2, status="ok", reason="", median_ms=ms,
        ci95_low_ms=ms * 0.98, ci95_high_ms=ms * 1.03, min_ms=ms * 0.97, mean_ms=ms,
        stddev_ms=0.01, samples=11, calls_per_sample=2, gflop=0.5, gflops=0.5 / ms * 1e3,
        gflops_executed=0.4 / ms * 1e3, peak_fraction=0.4 / ms * 1e3 / 500, bound="compute",
        prepare_ms=1, weights_bytes=4096 + number, workspace_bytes=1 << 20, checked_outputs=100,
        max_abs_error=1e-6, rel_l2_error=1e-7 * (1 + number % 5), error_bound_fraction=0.1, seed=1,
        cache="warm")
    return {**values, **more}


def write(path, rows, end="\n"):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows([[str(r[name]) for name in HEADER] for r in rows])
    if end != "\n":
        with open(path, "r+", encoding="utf-8") as file:
            text = file.read()
            file.seek(0)
            file.truncate()
            file.write(text[: -len(end)] if end else text.rstrip("\n"))


def children_seconds():
    """Processor time of the programs that were run: that of the clock would count neighbours."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Cells(html.parser.HTMLParser):
    """The numbers of a page that have a formula: (text, formula); and all text outside scripts."""

    def __init__(self, page):
        super().__init__()
        self.numbers, self.text, self.cell, self.is_script = [], "", None, False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.is_script = tag in ("script", "style")
        self.cell = None
        if tag in ("td", "span"):
            self.cell = dict(attributes).get("data-of")
            if self.cell is not None:
                self.numbers.append(["", self.cell])

    def handle_endtag(self, tag):
        self.is_script = False
        if tag == "span":
            self.cell = None

    def handle_data(self, data):
        if not self.is_script:
            self.text += data
        if self.cell is not None and self.numbers and not self.is_script:
            self.numbers[-1][0] += data.strip()


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def report(self, *files, code=0):
        page = self.path("page.html")
        result = subprocess.run(
            [sys.executable, REPORT, *files, "--html", page], capture_output=True, text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))
        self.assertEqual(result.returncode, code, result.stderr)
        self.errors = result.stderr
        if code:
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertFalse(os.path.exists(page))
            return None
        with open(page, encoding="utf-8") as file:
            return Cells(file.read())

    def check_numbers(self, cells, files):
        """Evaluates each cell's formula over the files and compares four digits."""
        values = {}
        for place, name in enumerate(files):
            with open(name, newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                for line in reader:
                    values[place, reader.line_num] = line
        reference = re.compile(r"\[(\d+):(\d+):(\w+)\]")
        allowed = re.compile(r"[\d.e+\-*/() ]+")
        for text, formula in cells.numbers:
            if "sum of" in formula:  # too many terms to write down
                continue
            plain = reference.sub(
                lambda m: values[int(m[1]), int(m[2])][m[3]], formula)
            self.assertRegex(plain, allowed)
            self.assertIsNotNone(allowed.fullmatch(plain), plain)
            expected = eval(plain)  # noqa: S307: digits and operators only
            tolerance = 0.5 if abs(expected) >= 1000 else 5.1e-4 * abs(expected)
            self.assertAlmostEqual(float(text), expected, delta=tolerance, msg=formula)
        return len(cells.numbers)

    def test_every_number_follows_from_the_files(self):
        first, second = self.path("a.csv"), self.path("b.csv")
        write(first, [row(n) for n in range(42)])
        write(second, [row(n, run_id="r2", timestamp="2026-01-02T00:00:00Z",
                           median_ms=2.0 + n / 9) for n in range(42)])
        cells = self.report(first, second)
        self.assertGreater(self.check_numbers(cells, [first, second]), 500)
        for heading in ("Networks", "Roofline", "Thread scaling", "Time against accuracy",
                        "Time against memory", "History", "Environment"):
            self.assertIn(heading, cells.text)

    def test_totals_and_fastest_are_those_of_the_rows(self):
        name = self.path("a.csv")
        rows = [row(n, threads=1, layer=f"conv{n // 3}", problem=f"mb1ic{8 + n // 3}ih9oc8oh9kh3ph1")
                for n in range(12)]
        write(name, rows)
        cells = self.report(name)
        for backend in ("direct", "winograd", "im2col"):
            total = sum(r["median_ms"] * r["multiplicity"] for r in rows if r["backend"] == backend)
            self.assertIn(f"{total:.4g}", [text for text, _ in cells.numbers])
        best = {}
        for r in rows:
            if r["layer"] not in best or r["median_ms"] < best[r["layer"]]["median_ms"]:
                best[r["layer"]] = r
        total = sum(r["median_ms"] * r["multiplicity"] for r in best.values())
        self.assertIn(f"{total:.4g}", [text for text, _ in cells.numbers])

    def test_the_mix_of_a_network_adds_up_and_auto_has_its_own(self):
        name = self.path("a.csv")
        rows = [row(n, threads=1, layer=f"conv{n // 3}", problem=f"mb1ic{8 + n // 3}ih9oc8oh9kh3ph1",
                    multiplicity=2) for n in range(12)]
        rows += [{**r, "backend": "auto", "variant": f"{r['backend']}-f4", "median_ms": 0.01}
                 for r in rows[::3]]
        write(name, rows)
        cells = self.report(name)
        self.assertIn("net, auto", cells.text)
        self.check_numbers(cells, [name])
        shares = [float(text) for text, formula in cells.numbers if formula.startswith("100 *")]
        self.assertAlmostEqual(sum(shares), 200, delta=0.5)
        # auto repeats one of the others: it does not make the network faster than its layers are.
        best = sum(2 * min(r["median_ms"] for r in rows[n:n + 3]) for n in range(0, 12, 3))
        fastest = next(text for text, formula in cells.numbers if " + " in formula)
        self.assertAlmostEqual(float(fastest), best, delta=1e-3 * best)

    def test_winograds_tiles_are_told_apart(self):
        name = self.path("a.csv")
        write(name, [row(n, threads=1, layer=f"conv{n // 3}", backend="winograd",
                         forced_variant=("f2", "f4", "")[n % 3],
                         variant=("f2 fused 9", "f4 fused 9", "f6 staged 9")[n % 3],
                         problem=f"mb1ic{8 + n // 3}ih9oc8oh9kh3ph1") for n in range(12)])
        text = self.report(name).text
        self.assertIn("Winograd’s tiles", text)
        for tile in ("winograd-f2", "winograd-f4", "winograd-f6"):
            self.assertIn(tile, text)
        write(name, [row(n) for n in range(12)])
        self.assertNotIn("Winograd’s tiles", self.report(name).text)

    def test_many_networks_fold_all_but_the_first(self):
        name = self.path("a.csv")
        write(name, [row(n, threads=1, network=f"net{n // 21}", layer=f"conv{n // 3 % 7}",
                         problem=f"mb1ic{16 + n // 3}ih14oc32oh14kh3ph1") for n in range(21 * 5)])
        cells = self.report(name)
        self.check_numbers(cells, [name])
        with open(self.path("page.html"), encoding="utf-8") as file:
            page = file.read()
        # Networks: a chart and a table each; backends: a chart each.
        self.assertEqual(page.count("<details class=part>"), 3 * 4)
        self.assertIn("All networks: avx512, nchw, 1 thread", cells.text)
        self.assertIn("net0: avx512, nchw, 1 thread", cells.text)

    def test_rows_of_totals_are_no_results(self):
        name = self.path("a.csv")
        rows = [row(n) for n in range(12)]
        write(name, rows)
        without = self.report(name)
        write(name, rows + [row(12, layer="total", problem="", median_ms=1234.5)])
        self.assertEqual(
            [text for text, _ in self.report(name).numbers], [t for t, _ in without.numbers])

    def test_no_network(self):
        name = self.path("a.csv")
        write(name, [row(n) for n in range(9)])
        self.report(name)
        with open(self.path("page.html"), encoding="utf-8") as file:
            page = file.read()
        for sign in ("<script src", "<link", "@import", "<img"):
            self.assertNotIn(sign, page.split("<script>")[0])
        self.assertNotIn("<script src", page)

    def test_text_cannot_become_markup(self):
        name = self.path("a.csv")
        write(name, [row(n, layer="</script><b>&\"'") for n in range(2)])
        self.assertIn("</script><b>&\"'", self.report(name).text)

    def test_cut_off_last_row(self):
        for end in ("\n" + "x" * 60, "x" * 30):
            name = self.path("a.csv")
            write(name, [row(n) for n in range(5)], end=end)
            self.assertIn("cut off", self.report(name).text)
        # Within the last field: `col` of `cold`.
        write(name, [row(n) for n in range(4)] + [row(4, cache="cold")], end="d\n")
        self.assertIn(f"{name}:6: the last row is cut off", self.report(name).text)
        write(name, [row(n) for n in range(5)])
        with open(name, "a", encoding="utf-8") as file:
            file.write('1,r1,"2026')
        cells = self.report(name)
        self.assertIn(f"{name}:7: the last row is cut off", cells.text)

    def test_other_schemas_and_unknown_columns_are_taken(self):
        name = self.path("a.csv")
        rows = [row(n) for n in range(6)]
        write(name, rows)
        numbers = [text for text, _ in self.report(name).numbers]
        for schema, age in ((0, "older"), (2, "newer")):
            write(name, [dict(r, schema=schema) for r in rows])
            cells = self.report(name)
            self.assertEqual([text for text, _ in cells.numbers], numbers)
            told = f"{name}: written with schema {schema}, {age} than this page's 1"
            self.assertIn(told, cells.text)
            self.assertIn(told, self.errors)
        with open(name, encoding="utf-8") as file:
            lines = file.read().splitlines()
        with open(name, "w", encoding="utf-8") as file:
            file.writelines(f"{'extra' if n == 0 else n},{line}\n" for n, line in enumerate(lines))
        self.assertEqual([text for text, _ in self.report(name).numbers], numbers)

    def test_cold_times_are_compared_with_none_but_each_other(self):
        name = self.path("a.csv")
        rows = [row(n, threads=1) for n in range(12)]
        write(name, rows + [dict(r, cache="cold", median_ms=r["median_ms"] / 9) for r in rows])
        text = self.report(name).text
        self.assertIn("forward, cold caches", text)
        self.assertIn("avx512, nchw, 1 thread", text)

    def test_mixed_machines(self):
        name = self.path("a.csv")
        write(name, [row(n, machine=f"m{n % 2}") for n in range(12)])
        self.assertIn("come from 2 machines", self.report(name).text)

    def test_nothing_timed(self):
        name = self.path("a.csv")
        empty = {c: "" for c in HEADER[17:]}
        write(name, [row(n, **empty, status="unsupported", reason="no <b>") for n in range(3)])
        self.assertIn("nothing can be drawn", self.report(name).text)

    def test_bad_files(self):
        name = self.path("bad.csv")
        cases = [
            ("", "is empty"), ("a,b\n1,2\n", "not a conv-bench result file"),
            (",".join(HEADER) + "\n", "no rows"), ("{", "no JSON"), ("{}", "no \"results\""),
            (",".join(HEADER) + "\n1,2\n" + "x\n", "has 2 fields"),
            ('"' + "a\n" * 9, "no header"), ('\x00\x01', "not a conv-bench"),
        ]
        for text, message in cases:
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
            self.report(name, code=2)
            self.assertIn(message, self.errors)
        for wrong in ("soon", "nan", "inf"):
            write(name, [row(1, median_ms=wrong)])
            self.report(name, code=2)
            self.assertIn(f"bad.csv:2: median_ms: '{wrong}'", self.errors)
        self.report(self.path("none.csv"), code=2)
        self.assertIn("No such file", self.errors)
        self.report(self.folder.name, code=2)
        self.assertIn("is a directory", self.errors)

    def test_json_gives_the_same_numbers(self):
        rows = [row(n) for n in range(9)]
        first, second = self.path("a.csv"), self.path("a.json")
        write(first, rows)
        with open(second, "w", encoding="utf-8") as file:
            json.dump({"run": {"run_id": "r1"}, "environment": {"cpu": {"model": "X"}},
                       "warnings": ["loud"], "results": [dict(r, samples_s=[1.0]) for r in rows]}, file)
        one, two = self.report(first), self.report(second)
        self.assertEqual([t for t, _ in one.numbers], [t for t, _ in two.numbers])
        self.assertIn("loud", two.text)

    def test_hundred_thousand_rows(self):
        name = self.path("big.csv")
        write(name, [row(n, layer=f"conv{n // 3}", problem=f"mb1ic{n // 3 + 1}ih14oc32oh14kh3ph1")
                     for n in range(100_000)])
        before = children_seconds()
        cells = self.report(name)
        self.assertLess(children_seconds() - before, 10)
        self.check_numbers(cells, [name])


if __name__ == "__main__":
    try:
        import plotly  # noqa: F401
    except ImportError:
        print("the report page is not tested: no plotly; scripts/setup-report installs it",
              file=sys.stderr)
        sys.exit()
    unittest.main()
