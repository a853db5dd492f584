#!/usr/bin/env python3
"""What conv-bench writes with --json is what docs/results.schema.json says, and all of it is said there.

Usage: Tests/schema_test.py (scripts/test does it; needs jsonschema and a built conv-bench)
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from docs_test import BINARY, ROOT

try:
    import jsonschema
except ImportError:
    print("the JSON schema is not tested: no jsonschema; scripts/setup-report --tests installs it",
          file=sys.stderr)
    sys.exit()

with open(f"{ROOT}/docs/results.schema.json", encoding="utf-8") as text:
    SCHEMA = json.load(text)
QUICK = ["--samples", "6", "--warmup", "0", "--threads", "1"]


def closed(schema):
    """The same schema, with every member that it does not name forbidden."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in result and "required" in result:
        result["additionalProperties"] = False
    return result


def errors(document, schema=SCHEMA):
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def conv_bench(*arguments):
    """The document that a run writes; NaN and infinities, which Python would read, are refused."""
    def refuse(name):
        raise ValueError(f"{name} in JSON")

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r.json")
        subprocess.run(
            [BINARY, *arguments, "--json", path, "--quiet"], check=True, capture_output=True,
            env={**os.environ, "CONV_BENCH_ALLOW_DEBUG": "1", "XDG_CACHE_HOME": folder})
        with open(path, encoding="utf-8") as file:
            return json.load(file, parse_constant=refuse)


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert BINARY, "conv-bench is not built; run swift build"
        cls.document = conv_bench("--layer", "lenet5-conv1,lenet5-fc4", "--backend", "all", *QUICK)

    def test_the_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_a_run_fits(self):
        self.assertEqual(errors(self.document, closed(SCHEMA)), [])
        found = {result["status"] for result in self.document["results"]}
        self.assertEqual(found, {"ok", "unsupported"})
        self.assertTrue(self.document["totals"])
        self.assertTrue(all(
            len(r["samples_s"]) == 6 for r in self.document["results"] if r["status"] == "ok"))

    def test_other_kinds_of_run_fit(self):
        problem = "--problem=ic4ih8oc4kh3ph1"
        for arguments in (
            ["check", problem, "--bias", "--relu"],
            [problem, "--backend", "direct", "--samples", "3", "--warmup", "0", "--cold"],
            [problem, "--backend", "direct", "--no-check", "--layout", "native", "--timeout", "60",
             *QUICK],
            ["check", "--problem=ic4ih8oc4kh3ph1", "--backend", "direct", "--seed",
             str(2**64 - 1)],
        ):
            with self.subTest(arguments=arguments):
                self.assertEqual(errors(conv_bench(*arguments), closed(SCHEMA)), [])

    def test_raw_samples_are_seconds(self):
        for result in self.document["results"]:
            if result["status"] == "ok":
                low, high = min(result["samples_s"]), max(result["samples_s"])
                self.assertAlmostEqual(low * 1e3, result["min_ms"])
                self.assertLessEqual(low * 1e3, result["median_ms"])
                self.assertLessEqual(result["median_ms"], high * 1e3)

    def test_everything_that_a_figure_depends_on_is_there(self):
        variables = {"OPENBLAS_NUM_THREADS": "1", "OMP_DYNAMIC": "false"}
        arguments = ["--problem=ic4ih8oc4kh3ph1", "--backend", "direct", "--seed", "17", *QUICK]
        os.environ.update(variables)
        self.addCleanup(lambda: [os.environ.pop(name) for name in variables])
        document = conv_bench(*arguments)
        self.assertEqual(document["run"]["settings"]["seed"], 17)
        found = document["environment"]
        self.assertEqual(found["commandLine"][1 : len(arguments) + 1], arguments)
        self.assertLessEqual(variables.items(), found["libraries"]["environment"].items())
        self.assertEqual(
            {name[: name.index("_")] for name in found["libraries"]["environment"]},
            {"OPENBLAS", "OMP"})
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            told = dict(re.findall(r"^([^\t\n]+)\t*: (.*)$", file.read(), re.M))
        if "model name" in told:
            self.assertEqual(found["cpu"]["model"], told["model name"])
            self.assertEqual(found["cpu"]["family"], int(told["cpu family"]))
        self.assertIn(os.uname().release, found["kernel"])
        self.assertEqual(
            found["memory"]["total"], os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        self.assertEqual(found["cores"]["cpus"], sorted(os.sched_getaffinity(0)))
        self.assertEqual((len(found["loadAverage"]), len(found["loadAverageAtEnd"])), (3, 3))
        self.assertRegex(found["libraries"]["openBLASConfiguration"], r"OpenBLAS \d+\.\d+\.\d+")
        self.assertRegex(found["libraries"]["openBLASCore"], r"\w+")
        self.assertRegex(found["libraries"]["fftwVersion"], r"fftw-\d+\.\d+\.\d+")
        self.assertIn(found["libraries"]["fftwPlanning"], (
            "FFTW_ESTIMATE", "FFTW_MEASURE", "FFTW_PATIENT", "FFTW_EXHAUSTIVE"))
        self.assertRegex(found["build"]["swiftVersion"], r"\d+\.\d+")
        with open(f"{ROOT}/Package.swift", encoding="utf-8") as file:
            manifest = file.read()
        for target, flags in found["build"]["swiftFlags"].items():
            self.assertIn(f'"{target}"', manifest)
            for flag in flags.split():
                self.assertIn(f'"{flag}"', manifest)
        self.assertRegex(found["build"]["swiftFlags"]["KernelsGeneric"], "-Ounchecked")

    def test_members_that_are_missing_are_found(self):
        count = 0
        for place in ((), ("run",), ("run", "settings"), ("environment",), ("environment", "cpu"),
                      ("environment", "libraries"), ("environment", "build"), ("results", 0),
                      ("totals", 0)):
            for name in self.at(self.document, place):
                if name in ("family", "modelNumber", "stepping", "governor", "oneDNNVersion",
                            "commit" if place == ("environment", "build") else "", "isDirty"):
                    continue  # not on every machine, not of every build
                broken = copy.deepcopy(self.document)
                del self.at(broken, place)[name]
                with self.subTest(place=place, name=name):
                    self.assertTrue(any(name in error for error in errors(broken)))
                count += 1
        self.assertGreater(count, 80)

    @staticmethod
    def at(document, place):
        for step in place:
            document = document[step]
        return document

    def test_wrong_values_are_found(self):
        def first(**wanted):
            return next(n for n, r in enumerate(self.document["results"])
                        if all(r[name] == value for name, value in wanted.items()))

        number = first(status="ok")
        auto, declined = first(status="ok", backend="auto"), first(status="unsupported")
        cases = [
            (("schema",), 2), (("results",), []), (("warnings",), [""]), (("environment",), None),
            (("environment", "cpu", "physicalCores"), 0), (("environment", "memory", "total"), "1"),
            (("environment", "loadAverage"), ["unknown"]), (("run", "timestamp"), "today"),
            (("run", "settings", "times"), "yes"), (("totals", 0, "total_ms"), None),
            (("results", auto, "reason"), ""), (("results", declined, "reason"), ""),
            (("results", declined, "cache"), "warm"),
        ] + [(("results", number, name), value) for name, value in (
            ("median_ms", "1.5"), ("median_ms", "NaN"), ("median_ms", -1.0), ("median_ms", None),
            ("status", "fine"), ("reason", "none"), ("samples_s", None), ("samples_s", []),
            ("samples_s", [0.1, None]), ("samples_s", [0.1, "NaN"]), ("samples", 1.5),
            ("threads", 0), ("bound", "l4"), ("layout", "nhwc"), ("seed", -1),
            ("status", "wrong"), ("cache", "hot"), ("cache", None), ("forced_variant", ""),
        )]
        for place, value in cases:
            broken = copy.deepcopy(self.document)
            self.at(broken, place[:-1])[place[-1]] = value
            with self.subTest(place=place, value=value):
                self.assertTrue(errors(broken))

    def test_columns_are_those_of_the_table(self):
        with open(f"{ROOT}/docs/results-format.md", encoding="utf-8") as file:
            rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", file.read(), re.M)
        members = SCHEMA["$defs"]["result"]["properties"]
        self.assertEqual(
            list(members), [name for name, _, _ in rows] + ["peak_gflops", "samples_s"])
        for name, unit, meaning in rows:
            said = members[name]["description"]
            meaning = meaning.replace("\\|", "|")
            self.assertEqual(said, meaning + (f"; {unit}" if unit not in ("", "1") else ""))


if __name__ == "__main__":
    unittest.main()
