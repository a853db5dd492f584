#!/usr/bin/env python3
"""scripts/harness-check judges figures by its limits and says what is missing. Nothing is timed here.

Usage: Tests/harness_check_test.py (scripts/test does it)
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Seconds of the two products and FLOP/s, as both fakes measure them unless a test says otherwise.
PRODUCTS = {"sgemm 256": 2e-4, "sgemm 512": 3e-3}
PEAKS = {"avx512": 2.5e11, "avx2": 1.2e11}

PLAIN = """
import os, sys
assert not [name for name in os.environ if name.startswith("OPENBLAS_")]
if sys.argv[1] == "isas":
    print(*{peaks}, sep="\\n")
elif sys.argv[1] == "peak":
    print({peaks}[sys.argv[2]])
else:
    # The median of these is the figure, neither their mean nor the first.
    figure = {products}[" ".join(sys.argv[1:3])]
    print(figure, figure * 9, figure / 9, sep="\\n")
"""
CONV_BENCH = """
import json, os, sys
assert not [name for name in os.environ if name.startswith("OPENBLAS_")]
assert os.environ["XDG_CACHE_HOME"] != os.environ["OUTER_CACHE"]
if sys.argv[1] == "machine":
    rates = [dict(isa=i, threads=t, flopsPerSecond=dict(best=9e99, median=r * t))
             for i, r in {peaks}.items() for t in (1, 2)]
    print(json.dumps(dict(peaks=rates)))
else:
    problem = sys.argv[sys.argv.index("--problem") + 1]
    name = dict(mb1ic128ih28oc256oh28kh1="sgemm 256", mb1ic256ih56oc512oh56kh1="sgemm 512")[problem]
    print("layer,status,variant,median_ms")
    print(",{status},{variant}," + str({products}[name] * 1e3))
"""


class HarnessCheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        # A copy of the tree: what it compiles here is a fake.
        self.script = os.path.join(self.folder, "scripts", "harness-check")
        os.mkdir(os.path.dirname(self.script))
        shutil.copy(f"{ROOT}/scripts/harness-check", self.script)
        shutil.copytree(f"{ROOT}/scripts/harness", f"{self.folder}/scripts/harness")
        self.tools = os.path.join(self.folder, "tools")
        os.mkdir(self.tools)

    def program(self, name, code):
        path = os.path.join(self.tools, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable}\n{code}")
        os.chmod(path, 0o755)
        return path

    def fakes(self, status="ok", variant="not lowered", **ours):
        """Puts both sides into place; conv-bench's figures are `ours` times plain C's."""
        self.program("pkg-config", "print('-lopenblas')")
        plain = self.program("plain", PLAIN.format(products=PRODUCTS, peaks=PEAKS))
        self.program("cc", "import shutil, sys\n"
                     f"shutil.copy({plain!r}, sys.argv[sys.argv.index('-o') + 1])")
        factors = {name.replace("_", " "): factor for name, factor in ours.items()}
        products, peaks = (
            {name: figure * factors.get(name, 1) for name, figure in figures.items()}
            for figures in (PRODUCTS, PEAKS))
        return self.program("conv-bench", CONV_BENCH.format(
            products=products, peaks=peaks, status=status, variant=variant))

    def run_script(self, *arguments, code):
        environment = {"PATH": self.tools, "OPENBLAS_CORETYPE": "Haswell",
                       "OUTER_CACHE": "outer", "XDG_CACHE_HOME": "outer"}
        result = subprocess.run(
            [sys.executable, self.script, *arguments], env=environment, capture_output=True, text=True,
            check=False)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def test_wrong_usage(self):
        for arguments, message in (
                (["--turns", "0"], "'0' is no number"), (["--turns", "x"], "'x' is no number"),
                (["--turns"], "--turns"), (["--turn", "1"], "--turn"), (["vgg"], "vgg"),
                (["--binary", "/nowhere"], "'/nowhere' is no program")):
            with self.subTest(arguments=arguments):
                result = self.run_script(*arguments, code=2)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertEqual(result.stdout, "")
        self.assertIn("Usage: scripts/harness-check", self.run_script("--help", code=0).stdout)

    def test_what_is_missing_is_named(self):
        for tool, code, message in (
                (None, "", "install gcc"), ("cc", "", "install pkg-config"),
                ("pkg-config", "raise SystemExit(1)", "install libopenblas-dev"),
                ("pkg-config", "", None)):
            if tool:
                self.program(tool, code)
            if message:
                result = self.run_script(code=3)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.program("cc", "raise SystemExit('no such instruction')")
        result = self.run_script(code=3)
        self.assertIn("no such instruction", result.stderr)
        self.assertIn("could not compile scripts/harness/plain.c", result.stderr)

    def test_verdicts(self):
        limits = [("sgemm_256", 0.5, 0), ("sgemm_256", 1.009, 0), ("sgemm_256", 1.011, 1),
                  ("sgemm_512", 0.981, 0), ("sgemm_512", 1.019, 0), ("sgemm_512", 0.979, 1),
                  ("sgemm_512", 1.021, 1), ("avx512", 0.971, 0), ("avx512", 0.969, 1),
                  ("avx512", 1.031, 1), ("avx2", 1.029, 0), ("avx2", 1.031, 1)]
        for name, factor, code in limits:
            with self.subTest(figure=name, factor=factor):
                binary = self.fakes(**{name: factor})
                result = self.run_script("--turns", "2", "--binary", binary, code=code)
                lines = result.stdout.splitlines()[1:]
                self.assertEqual(len(lines), 4)
                self.assertIn(f"{factor:8.3f} ", result.stdout)
                self.assertEqual(sum(line.endswith(" missed") for line in lines), code)
                self.assertEqual("1 of 4 targets missed" in result.stderr, bool(code))

    def test_another_calculation_is_not_compared(self):
        for change in ({"variant": "chunk 784"}, {"status": "failed"}):
            with self.subTest(**change):
                result = self.run_script("--binary", self.fakes(**change), code=3)
                self.assertIn("is not the bare sgemm expected", result.stderr)
                self.assertEqual(result.stdout, "")

    def test_a_side_that_fails_is_named(self):
        self.fakes()
        binary = self.program("conv-bench", "raise SystemExit('out of order')")
        result = self.run_script("--binary", binary, code=3)
        self.assertIn("out of order", result.stderr)
        self.assertIn("conv-bench machine ended with 1", result.stderr)


if __name__ == "__main__":
    unittest.main()
