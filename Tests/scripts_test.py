#!/usr/bin/env python3
"""Every program in scripts/ says what it is for, and refuses a flag that it does not have.

Usage: Tests/scripts_test.py (scripts/test does it)
"""

import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(ROOT, "scripts")
# Hand their flags to conv-bench, which says of each command what it takes: see CommandTests.
HANDS_ON = {"run", "peer-table"}
# Its help is conv-bench's own, which has to be built for it.
NO_HELP = {"run"}


def programs():
    return sorted(
        name for name in os.listdir(SCRIPTS)
        if os.path.isfile(os.path.join(SCRIPTS, name)) and os.access(f"{SCRIPTS}/{name}", os.X_OK))


class ScriptsTest(unittest.TestCase):
    def call(self, name, *arguments):
        """Runs a program elsewhere, without a swift that it could build something with."""
        with tempfile.TemporaryDirectory() as folder:
            swift = os.path.join(folder, "swift")
            with open(swift, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho swift was called >&2\nexit 99\n")
            os.chmod(swift, 0o755)
            return subprocess.run(
                [os.path.join(SCRIPTS, name), *arguments], cwd=folder, capture_output=True,
                text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})

    def test_help(self):
        for name in set(programs()) - NO_HELP:
            for flag in ("--help", "-h"):
                with self.subTest(program=name, flag=flag):
                    result = self.call(name, flag)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    self.assertIn(name, result.stdout)
                    self.assertIn("usage:", result.stdout.lower())
                    self.assertNotIn("set -euo", result.stdout)

    def test_an_unknown_flag_is_named_in_one_line(self):
        for name in set(programs()) - HANDS_ON:
            with self.subTest(program=name):
                result = self.call(name, "--nonsense")
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertRegex(result.stderr, "--nonsense|required")

    def test_there_are_programs(self):
        self.assertGreater(len(programs()), 15)
        self.assertLessEqual(HANDS_ON | NO_HELP, set(programs()))


if __name__ == "__main__":
    unittest.main()
