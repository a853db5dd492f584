#!/usr/bin/env python3
"""Real shells complete conv-bench's command line; the manual page has nothing that groff warns of.

Usage: Tests/completion_test.py (scripts/test does it; needs a built conv-bench; zsh, fish, man if there)
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from docs_test import BINARY


def conv_bench(*arguments):
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, check=True).stdout


def typed(shell, setup, folder, keys):
    """The command line that a shell on a terminal makes of keys: tab keys are those of people."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="vt100", HISTFILE="", HOME=folder, PS1="$ ", LC_ALL="C.UTF-8")
        os.execvp(shell[0], shell)
    # Control-a goes to the start of the line; the quotes keep the echo from looking like the answer.
    keys = f"{setup}\n{keys}\x01echo MA''RK \n"
    output, end = b"", time.monotonic() + 60
    try:
        os.write(terminal, keys.encode())
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            output += os.read(terminal, 65536)
            if match := re.search(rb"MARK (conv-bench[^\r\n]*)\r?\n", output):
                return match[1].decode().strip()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    raise AssertionError(output.decode(errors="replace"))


@unittest.skipUnless(BINARY, "conv-bench is not built")
class CompletionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("results one.csv", "w.npy"):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8"):
                pass

    def script(self, shell, name):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(conv_bench("help", "--completion", shell))
        self.assertEqual(
            subprocess.run([shell, "-n", file.name], capture_output=True, check=False).stderr, b"")
        return file.name

    # What a line becomes by the tab key, in bash and zsh.
    typed_lines = [
        ("conv-bench mach\t", "conv-bench machine"),
        ("conv-bench list netw\t", "conv-bench list networks"),
        ("conv-bench --no-pr\t", "conv-bench --no-progress"),
        ("conv-bench --network=squeeze,dense\t", "conv-bench --network=squeeze,densenet121"),
        ("conv-bench --layer vgg16-conv3_2,alexnet-fc\t7",
         "conv-bench --layer vgg16-conv3_2,alexnet-fc7"),
        ("conv-bench --isa gen\t", "conv-bench --isa generic"),
        ("conv-bench run --backend wino\t-f4", "conv-bench run --backend winograd-f4"),
        ("conv-bench convolve --wei w\t", "conv-bench convolve --wei w.npy"),
        ("conv-bench convolve --bias w\t", "conv-bench convolve --bias w.npy"),
        ("conv-bench compare resu\t", "conv-bench compare results one.csv"),
        ("conv-bench help --completion zs\t", "conv-bench help --completion zsh"),
    ]

    def test_bash_on_a_terminal(self):
        script = self.script("bash", "bash completion")
        for keys, line in self.typed_lines:
            with self.subTest(keys=keys):
                self.assertEqual(line, typed(
                    ["bash", "--norc", "--noprofile", "-i"], f"source '{script}'", self.folder, keys))

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh_on_a_terminal(self):
        self.script("zsh", "_conv-bench")
        setup = "fpath=($PWD $fpath); autoload -U compinit; compinit -D -u"
        for keys, line in self.typed_lines:
            with self.subTest(keys=keys):
                self.assertEqual(line, typed(["zsh", "-f", "-i"], setup, self.folder, keys))

    def candidates(self, *words):
        """What bash offers for the last of the words."""
        script = self.script("bash", "bash completion")
        program = ('source "$1"; shift; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
                   '_conv_bench; printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(
            ["bash", "-c", program, "bash", script, "conv-bench", *words], cwd=self.folder,
            capture_output=True, text=True, check=True)
        self.assertEqual(result.stderr, "")
        return result.stdout.split("\n")[:-1]

    def test_bash_offers_what_there_is(self):
        flags = self.candidates("--")
        self.assertIn("--layer", flags)
        self.assertNotIn("--refresh", flags)
        self.assertEqual(
            sorted(flags), sorted(set(re.findall(r"--[a-z-]+", conv_bench("help", "run"))) - {"--"}
                                  | {"--help"}))
        self.assertEqual(self.candidates("machine", "--r"), ["--refresh"])
        commands = re.findall(r"^  conv-bench (\w+)", conv_bench("help"), re.M)
        self.assertEqual(self.candidates(""), list(dict.fromkeys(commands)))
        self.assertIn("vgg-conv3", self.candidates("--layer", "vgg-"))
        networks = {line.split()[0] for line in conv_bench("list", "networks").splitlines()[1:]}
        self.assertLessEqual(networks, set(self.candidates("--network", "")))
        layers = {line.split()[0] for line in conv_bench("list", "layers").splitlines()[1:]}
        self.assertLessEqual(layers, set(self.candidates("--layer", "")))
        backends = {line.split()[0] for line in conv_bench("list", "backends").splitlines()[1:]}
        offered = set(self.candidates("--backend", ""))
        self.assertLessEqual(backends | {"all"}, offered)
        self.assertNotIn("all", self.candidates("convolve", "--backend", ""))
        self.assertEqual(self.candidates("--layout", "nchw,n"), ["nchw,nchw", "nchw,native"])
        self.assertEqual(self.candidates("--layout", "="), ["nchw", "native"])
        self.assertEqual(self.candidates("--layout", "=", "nat"), ["native"])
        self.assertEqual(self.candidates("--color=al"), ["--color=always"])
        self.assertEqual(self.candidates("--threads", ""), [""])
        self.assertEqual(self.candidates("--csv", "res"), ["results one.csv"])
        self.assertEqual(self.candidates("report", "res"), ["results one.csv"])

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        script = self.script("fish", "conv-bench.fish")

        def offered(line):
            result = subprocess.run(
                ["fish", "-N", "-c", 'source $argv[1]; complete -C $argv[2]', script, line],
                cwd=self.folder, capture_output=True, text=True, check=True,
                env={**os.environ, "HOME": self.folder})
            self.assertEqual(result.stderr, "")
            return [entry.split("\t")[0] for entry in result.stdout.splitlines()]

        self.assertEqual(offered("conv-bench mach"), ["machine"])
        self.assertEqual(offered("conv-bench list netw"), ["networks"])
        self.assertEqual(offered("conv-bench machine --ref"), ["--refresh"])
        self.assertEqual(offered("conv-bench --ref"), [])
        self.assertEqual(offered("conv-bench --layout nchw,nat"), ["nchw,native"])
        self.assertEqual(offered("conv-bench --network=vgg16,dense"), ["--network=vgg16,densenet121"])
        self.assertIn("winograd-f4", offered("conv-bench run --backend wino"))
        self.assertEqual(offered("conv-bench convolve --bias w"), ["w.npy"])
        self.assertIn("results one.csv", [
            name.replace("\\ ", " ") for name in offered("conv-bench compare res")])

    def test_a_shell_without_completions_is_told(self):
        result = subprocess.run(
            [BINARY, "help", "--completion", "csh"], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("--completion: 'csh' is no shell", result.stderr)

    def test_the_manual_page_names_everything(self):
        page = conv_bench("help", "--man")
        plain = page.replace("\\-", "-")
        for command in re.findall(r"^  conv-bench (\w+)", conv_bench("help"), re.M):
            self.assertIn(f"\\fB{command}\\fR", plain)
            for flag in re.findall(r"^  (--[a-z-]+)", conv_bench("help", command), re.M):
                self.assertIn(f"\\fB{flag}\\fR", plain)
        self.assertTrue(page.isascii())
        path = os.path.join(self.folder, "conv-bench.1")
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
        if shutil.which("groff"):
            result = subprocess.run(
                ["groff", "-ww", "-man", "-Tutf8", "-z", path], capture_output=True, text=True,
                check=False)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        if shutil.which("mandoc"):
            result = subprocess.run(
                ["mandoc", "-Tlint", "-Wwarning", path], capture_output=True, text=True, check=False)
            # No date: the same sources give the same page.
            found = [line for line in result.stdout.splitlines() if "missing date" not in line]
            self.assertEqual(found, [])
        if shutil.which("man"):
            text = subprocess.run(
                ["man", "-l", path], capture_output=True, text=True, check=True,
                env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"}).stdout
            self.assertRegex(text, r"--layer NAME\[,…\]")


if __name__ == "__main__":
    unittest.main()
