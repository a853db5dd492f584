#!/usr/bin/env python3
"""Labels of the report page neither overlap nor are cut; pictures are taken, and bad input is told.

Usage: Tests/pictures_test.py (scripts/test does it; needs chromium and the packages of scripts/requirements.txt)
"""

import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.dont_write_bytecode = True

import browser  # noqa: E402
from report_test import REPORT, row, write  # noqa: E402

BACKENDS = ("auto", "direct", "fft", "gemm-1x1", "im2col", "implicit-gemm", "onednn", "winograd")


def rows(run):
    """Long names, many backends, several threads, networks and tiles."""
    for number in range(4 * 3 * 2 * len(BACKENDS)):
        place, backend = divmod(number, len(BACKENDS))
        place, threads = divmod(place, 2)
        network, layer = divmod(place, 3)
        ms = (1 + layer) * (1 + backend / 3) * (1 + (number * 37 + run * 11) % 13 / 40) / (1 + threads * 0.7)
        yield row(
            number, network=f"googlenet{network}", layer=f"inception_{layer}a_5x5_reduce",
            problem=f"mb1ic{16 + layer + 10 * network}ih14oc32oh14kh3ph1", backend=BACKENDS[backend],
            variant=f"f{2 + 2 * (place % 3)} fused 13", threads=1 + threads, median_ms=ms,
            ci95_low_ms=ms * 0.99, ci95_high_ms=ms * 1.02, gflops=500 / ms, gflops_executed=300 / ms,
            peak_fraction=0.6 / ms, workspace_bytes=4096 * (1 + number % 400), run_id=f"r{run}",
            timestamp=f"2026-01-0{run}T00:00:00Z", commit="abcdef1234567890")


def program(name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, os.path.join(ROOT, "scripts", name), *arguments], capture_output=True,
        text=True, check=False, env={**os.environ, **environment})


class PicturesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.page = os.path.join(cls.folder.name, "page.html")
        files = [os.path.join(cls.folder.name, f"{run}.csv") for run in (1, 2, 3)]
        for run, file in enumerate(files, 1):
            write(file, rows(run))
        subprocess.run([sys.executable, REPORT, *files, "--html", cls.page], check=True)

    def test_no_label_overlaps_or_is_cut(self):
        result = program("report-pictures", self.page, "--check")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_the_check_sees_labels_that_are_cut_or_overlap(self):
        with open(self.page, encoding="utf-8") as file:
            text = file.read()
        broken = os.path.join(self.folder.name, "broken.html")
        with open(broken, "w", encoding="utf-8") as file:
            file.write(text.replace('"automargin":true', '"automargin":false').replace(
                "const axis = (own) => ({", "const axis = (own) => ({ tickfont: { size: 40 },"))
        result = program("report-pictures", broken, "--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is cut by", result.stdout)
        self.assertIn("overlap", result.stdout)

    def test_pictures_have_their_width_and_theme(self):
        out = os.path.join(self.folder.name, "out")
        result = program("report-pictures", self.page, out, "roofline")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(os.listdir(out), ["page-roofline.png"])
        with open(os.path.join(out, "page-roofline.png"), "rb") as file:
            width, height = struct.unpack(">II", file.read(24)[16:])
        self.assertEqual(width, 1000)
        self.assertTrue(400 < height < 2000)

    def test_a_terminal_is_drawn_as_wide_as_its_text(self):
        picture = os.path.join(self.folder.name, "t.png")
        wide = os.path.join(self.folder.name, "wide")
        with open(wide, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable}\nimport os\n"
                       "print('\\x1b[1;32m' + os.get_terminal_size(1).columns * 'x' + '\\x1b[0m')\n")
        os.chmod(wide, 0o755)
        result = program("terminal-picture", "--columns", "90", picture, wide)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(picture, "rb") as file:
            width, = struct.unpack(">I", file.read(24)[16:20])
        self.assertTrue(90 * 8 < width < 90 * 10, width)

    def test_the_upper_part_of_a_picture_is_a_picture(self):
        def chunk(name, body):
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

        rows = [b"\0" + bytes([n]) * 6 for n in range(5)]
        def png(rows):
            return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, len(rows), 8, 2, 0, 0, 0))
                    + chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b""))

        self.assertEqual(browser.upper_part(png(rows), 3), png(rows[:3]))
        self.assertEqual(browser.upper_part(png(rows), 5), png(rows))

    def test_bad_input_is_one_line(self):
        cases = [
            (2, "no section 'none'", ("report-pictures", self.page, self.folder.name, "none")),
            (2, "give a folder", ("report-pictures", self.page)),
            (2, "no page of", ("report-pictures", os.path.join(self.folder.name, "1.csv"), "--check")),
            (2, "No such file", ("report-pictures", "none.html", "--check")),
            (2, "no command", ("terminal-picture", "t.png")),
            (2, "not from 20", ("terminal-picture", "--columns", "3", "t.png", "true")),
            (3, "cannot run none-such", ("terminal-picture", "t.png", "none-such")),
            (7, "ended with 7", ("terminal-picture", "t.png", "sh", "-c", "exit 7")),
            (2, "control character", ("terminal-picture", "t.png", "printf", "a\\tb")),
        ]
        for code, message, arguments in cases:
            with self.subTest(arguments=arguments):
                result = program(*arguments)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)

    def test_a_missing_browser_is_told(self):
        result = program("report-pictures", self.page, "--check", CHROMIUM="none-such")
        self.assertEqual((result.returncode, result.stderr),
                         (3, "report-pictures: CHROMIUM: cannot run none-such\n"))


if __name__ == "__main__":
    try:
        import plotly  # noqa: F401
        browser.find()
    except (ImportError, browser.BrowserError) as error:
        print(f"the pictures are not tested: {error}", file=sys.stderr)
        sys.exit()
    unittest.main()
