#!/usr/bin/env python3
"""Both programs that compare backends name the fastest of each layer, and refuse bad files.

Usage: Tests/compare_backends_test.py (scripts/test does it; pandas for the second of them)
"""

import csv
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

from report_test import HEADER, ROOT, row, write

SHELL = [os.path.join(ROOT, "scripts", "compare-backends")]
PANDAS = [sys.executable, os.path.join(ROOT, "scripts", "compare_backends.py")]


def fastest(path):
    """What the answer must be, found without the programs: (name, fastest, ms, second, ratio)."""
    layers = {}
    with open(path, newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if line["status"] == "ok" and line["layer"] != "total":
                key = line["network"], line["layer"], line["threads"]
                times = layers.setdefault(key, {})
                ms = float(line["median_ms"])
                times[line["backend"]] = min(ms, times.get(line["backend"], ms))
    for (network, layer, _), times in layers.items():
        (first, ms), *rest = sorted(times.items(), key=lambda pair: pair[1])
        yield f"{network}-{layer}", first, ms, rest[0][0] if rest else "-", (
            rest[0][1] / ms if rest else None)


class Cases:
    """The tests of either program."""

    program = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "a \\n b.csv")

    def run_program(self, *arguments, code=0, **more):
        result = subprocess.run(
            [*self.program, *arguments], capture_output=True, text=True, check=False, **more)
        self.assertEqual(result.returncode, code, result.stderr)
        if code:
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertEqual(result.stdout, "")
        return result

    def table(self, *arguments):
        """The cells of the ranking, by the two blanks or more between them."""
        lines = self.run_program(*arguments).stdout.splitlines()
        end = next((n for n, line in enumerate(lines) if line[:1] in ("~", "")), len(lines))
        return [re.split(r"\s{2,}", line.strip()) for line in lines[1:end]]

    def test_stored_results(self):
        for path in glob.glob(f"{ROOT}/results/*/results.csv") + [f"{ROOT}/docs/data/layers.csv"]:
            expected, found = list(fastest(path)), self.table(path)
            self.assertEqual(len(found), len(expected))
            for (name, first, ms, second, ratio), cells in zip(expected, found):
                self.assertEqual(cells[0].split()[0], name)
                self.assertEqual(cells[2].split(" (")[0], first)
                self.assertAlmostEqual(float(cells[3].split()[0]), ms, delta=5.1e-4 * ms)
                self.assertEqual(cells[4], second)
                self.assertAlmostEqual(float(cells[5].split("x")[0]), ratio, delta=0.0051)

    def test_quoted_fields(self):
        layer = 'a,"b"\nc, ünïcode'
        write(self.file, [row(1, layer=layer, median_ms=2, reason='x,"y",\nz'),
                          row(2, layer=layer, median_ms=3, multiplicity=1,
                              problem=row(1)["problem"])])
        for end in ("\n", "\r\n"):
            with open(self.file, "rb") as file:
                text = file.read().replace(b"\r\n", b"\n").replace(b"\n", end.encode())
            with open(self.file, "wb") as file:
                file.write(b"\xef\xbb\xbf" + text.removeprefix(b"\xef\xbb\xbf"))
            output = self.run_program(self.file).stdout
            self.assertRegex(output, r'net-a,"b"\?+c, ünïcode +1t avx512 nchw +winograd')
            self.assertRegex(output, r"2\.000 ms +im2col +1\.50x")

    def test_the_last_run_and_the_fastest_variant_count(self):
        same = dict(layer="c", problem="p", multiplicity=1, backend="direct")
        write(self.file, [row(0, **same, median_ms=1, run_id="r1"),
                          row(0, **same, median_ms=9, run_id="r2", variant="slow"),
                          row(0, **same, median_ms=7, run_id="r2", variant="fast"),
                          row(0, **same, median_ms=8, run_id="r2", variant="slow2")])
        self.assertEqual(
            self.table(self.file), [["net-c", "1t avx512 nchw", "direct (fast)", "7.000 ms", "-", "-"]])

    def test_conditions_keep_rows_apart(self):
        same = dict(layer="c", problem="p", backend="direct", multiplicity=1, median_ms=1)
        write(self.file, [row(0, **same), row(0, **{**same, "threads": 2}),
                          row(0, **{**same, "problem": "p2"}), row(0, **{**same, "layout": "native"}),
                          row(0, **{**same, "direction": "forward+bias"}),
                          row(0, **{**same, "cache": "cold", "median_ms": 9}),
                          row(0, **{**same, "cache": "", "median_ms": 8, "backend": "fft"})])
        self.assertEqual([cells[:2] for cells in self.table(self.file)], [
            ["net-c p", "1t avx512 nchw"], ["net-c", "2t avx512 nchw"], ["net-c p2", "1t avx512 nchw"],
            ["net-c", "1t avx512 native"], ["net-c", "1t avx512 nchw forward+bias"],
            ["net-c", "1t avx512 nchw cold"]])
        self.assertIn("net-c p   1t avx512 nchw               direct (14x2 bands)  1.000 ms  fft",
                      self.run_program(self.file).stdout)
        write(self.file, [row(0, **same, machine=m) for m in ("m1", "m2")])
        self.assertEqual(
            [c[1] for c in self.table(self.file)], ["1t avx512 nchw m1", "1t avx512 nchw m2"])

    def test_rows_of_totals_are_no_results(self):
        write(self.file, [row(n) for n in range(12)])
        without = self.run_program(self.file).stdout
        total = row(12, layer="total", problem="", backend="fastest per layer", median_ms=1234.5)
        write(self.file, [row(n) for n in range(12)] + [total])
        self.assertEqual(self.run_program(self.file).stdout, without)
        write(self.file, [total])
        self.run_program(self.file, code=2)

    def test_overlapping_intervals_are_marked(self):
        same = dict(layer="c", problem="p", multiplicity=1)
        for low, mark in ((1.02, True), (1.04, False)):
            write(self.file, [
                row(0, **same, median_ms=1, ci95_low_ms=0.98, ci95_high_ms=1.03),
                row(1, **same, median_ms=1.1, ci95_low_ms=low, ci95_high_ms=1.2)])
            self.assertEqual("1.10x ~" in self.run_program(self.file).stdout, mark)

    def test_a_row_that_is_cut_off_is_left_out(self):
        same = dict(layer="c", problem="p", multiplicity=1)
        for end in ("1,r1,2026", '1,r1,"2026'):
            write(self.file, [row(0, **same)])
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(end)
            result = self.run_program(self.file)
            self.assertIn("net-c", result.stdout)
            self.assertRegex(result.stderr, r"note: .*:3: the last row is cut off")

    def test_bad_files(self):
        header = ",".join(HEADER)
        whole = ",".join(str(row(0)[name]) for name in HEADER)
        cases = [
            ("", "is empty"), ("a,b\n1,2\n", "not a conv-bench result file"),
            (f"{header}\n1,2\n{whole}\n", "has 2 fields"), (header + "\n", "no row"),
            (header + "\n" + whole.replace(",ok,", ",unsupported,") + "\n", "no row was timed"),
            (f"{header}\n{whole.replace(',ok,,', ',ok,,soon')}\n", "median_ms"),
            ("\x00\x01\x02", "not a conv-bench result file"),
        ]
        for text, message in cases:
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(text)
            with self.subTest(message=message):
                self.assertIn(message, self.run_program(self.file, code=2).stderr)
        self.assertIn("No such file", self.run_program("/nowhere/a.csv", code=2).stderr)
        self.assertIn("is a directory", self.run_program("/", code=2).stderr)


class ShellTest(Cases, unittest.TestCase):
    program = SHELL

    def test_wrong_usage(self):
        for arguments in ((), ("a", "b"), ("",), ("--json", "a")):
            self.assertIn("usage: ", self.run_program(*arguments, code=2).stderr)
        self.assertIn("usage: ", self.run_program("--help").stdout)

    def test_standard_input(self):
        with open(f"{ROOT}/docs/data/layers.csv", "rb") as file:
            output = self.run_program("-", stdin=file).stdout
        self.assertEqual(output, self.run_program(f"{ROOT}/docs/data/layers.csv").stdout)


class WithoutPandasTest(unittest.TestCase):
    def test_it_says_how_to_get_pandas(self):
        # -I -S: no site packages; another place for the script: no environment of setup-report.
        with tempfile.TemporaryDirectory() as folder:
            scripts = os.path.join(folder, "scripts")
            os.symlink(os.path.join(ROOT, "scripts", "report_page"), f"{folder}/report_page")
            with open(PANDAS[1], encoding="utf-8") as source:
                os.mkdir(scripts)
                with open(f"{scripts}/compare_backends.py", "w", encoding="utf-8") as file:
                    file.write(source.read())
            os.rename(f"{folder}/report_page", f"{scripts}/report_page")
            result = subprocess.run(
                [sys.executable, "-I", "-S", f"{scripts}/compare_backends.py", "a.csv"],
                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 3)
        self.assertIn(f"pandas is missing; run {scripts}/setup-report", result.stderr)


class PandasTest(Cases, unittest.TestCase):
    program = PANDAS

    def test_the_pivot_table_holds_every_time(self):
        path = f"{ROOT}/docs/data/layers.csv"
        lines = self.run_program(path).stdout.split("median time, ms\n")[1].splitlines()
        backends = lines[0].split()
        times = {}
        for line in lines[2:]:
            name, _, _, _, *cells = line.split()
            for backend, text in zip(backends, cells, strict=True):
                if text != "-":
                    times[name, backend] = float(text)
        with open(path, newline="", encoding="utf-8") as file:
            rows = [r for r in csv.DictReader(file) if r["status"] == "ok"]
        self.assertEqual(len(times), len(rows))
        for r in rows:
            ms = float(r["median_ms"])
            found = times[f"{r['network']}-{r['layer']}", r["backend"]]
            self.assertAlmostEqual(found, ms, delta=5.1e-4 * ms)


if __name__ == "__main__":
    try:
        import pandas  # noqa: F401
    except ImportError:
        print("compare_backends.py is not tested: no pandas; scripts/setup-report installs it",
              file=sys.stderr)
        del PandasTest
    unittest.main()
