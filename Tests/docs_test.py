#!/usr/bin/env python3
"""Links and files named in the documents lead somewhere, and every command line shown parses.

Usage: Tests/docs_test.py (scripts/test does it; commands need a built conv-bench)
"""

import glob
import os
import re
import shlex
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = next(
    (path for path in (f"{ROOT}/.build/{kind}/conv-bench" for kind in ("debug", "release"))
     if os.path.exists(path)), None)
# A word such as FILE, RESULTS… or X.npy stands for something of the reader's.
PLACEHOLDER = re.compile(r"[A-Z]{2,}[A-Z…]*|[A-Z](\.npy)?|.*…|.*\|.*")

# Files that the recipes of docs/extending.md make.
EXAMPLES = ("SSE42", "NaiveBackend")


def documents():
    found = glob.glob(f"{ROOT}/*.md") + glob.glob(f"{ROOT}/.github/**/*.yml", recursive=True)
    for folder in ("docs", "results", ".github"):
        found += glob.glob(f"{ROOT}/{folder}/**/*.md", recursive=True)
    for path in sorted(found):
        with open(path, encoding="utf-8") as file:
            yield os.path.relpath(path, ROOT), file.read()


def anchor(heading):
    """The name that a heading gets on GitHub."""
    text = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return text.replace(" ", "-")


def anchors(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"```.*?```", "", file.read(), flags=re.S)
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.M)}


def commands(text):
    """The arguments of each conv-bench command in fenced blocks, and of inline ones with a flag."""
    plain = []
    for block in re.findall(r"```\w*\n(.*?)```", text, re.S):
        plain += block.splitlines()
    without = re.sub(r"```.*?```", "", text, flags=re.S)
    plain += [c for c in re.findall(r"`([^`\n]+)`", without) if " --" in c]
    for line in plain:
        match = re.search(r"(?:^|\s)(?:conv-bench|scripts/run)(\s.*)$", line.split("  #")[0])
        if match and not line.startswith(("import", "#")):
            # Two blanks end a command: what follows explains it.
            yield line, shlex.split(re.split(r"\s{2,}|[|>]\s", match[1].strip())[0])


class DocsTest(unittest.TestCase):
    def test_links(self):
        count = 0
        for name, text in documents():
            text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                count += 1
                path, _, part = target.partition("#")
                full = os.path.join(ROOT, os.path.dirname(name), path) if path else f"{ROOT}/{name}"
                with self.subTest(document=name, link=target):
                    self.assertTrue(os.path.exists(full), "leads nowhere")
                    if part:
                        self.assertIn(part, anchors(full), "no such heading")
        self.assertGreater(count, 20)

    def test_files_that_are_named_exist(self):
        count = 0
        for name, text in documents():
            for path in re.findall(
                r"(?<![\w/])((?:scripts|docs|Sources|Benchmarks|Tests|\.ci|\.github)/[\w./+-]*\w)", text
            ):
                if any(word in path for word in EXAMPLES):
                    continue
                count += 1
                with self.subTest(document=name, path=path):
                    self.assertTrue(os.path.exists(os.path.join(ROOT, path)), "is not there")
        self.assertGreater(count, 40)

    def test_every_page_is_found_from_the_readme(self):
        with open(f"{ROOT}/README.md", encoding="utf-8") as file:
            readme = file.read()
        for name, _ in documents():
            if name.startswith("docs/"):
                with self.subTest(document=name):
                    self.assertIn(f"]({name})", readme)

    @unittest.skipUnless(BINARY, "conv-bench is not built")
    def test_commands(self):
        count = 0
        with tempfile.TemporaryDirectory() as folder:
            for name, text in documents():
                for line, arguments in commands(text):
                    if not arguments:
                        continue
                    count += 1
                    with self.subTest(document=name, line=line):
                        self.check(arguments, folder)
        self.assertGreater(count, 8)

    def check(self, arguments, folder):
        command = "run" if arguments[0].startswith("-") else arguments[0]
        if command == "run" and arguments[:1] in (["--help"], ["--version"]):
            return self.assertEqual(self.run_command(arguments, folder).returncode, 0)
        known = self.run_command(["help", command], folder)
        self.assertEqual(known.returncode, 0, known.stderr)
        for flag in [a.partition("=")[0] for a in arguments if a.startswith("--")]:
            self.assertIn(f"  {flag} ", known.stdout.replace("\n", " \n"), f"{command} has no {flag}")
        example = {"mynet", "naive", "sse42"}  # of docs/extending.md
        if command not in ("run", "check") or example & set(arguments) or any(
            PLACEHOLDER.fullmatch(argument) for argument in arguments
        ):
            return None
        dry = arguments if "--dry-run" in arguments else arguments + ["--dry-run"]
        result = self.run_command(dry, folder)
        return self.assertEqual(result.returncode, 0, result.stderr)

    @staticmethod
    def run_command(arguments, folder):
        return subprocess.run(
            [BINARY, *arguments], cwd=folder, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    unittest.main()
