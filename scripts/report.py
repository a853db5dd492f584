#!/usr/bin/env python3
"""Writes result files as one self-contained HTML page: `conv-bench report RESULTS… --html FILE`.

Exit codes: 0 written; 2 wrong usage or a bad file; 3 a Python package is missing.
"""

import argparse
import gc
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from report_page.page import render  # noqa: E402
from report_page.results import BadFile, read_results  # noqa: E402


def end(status, message):
    """Ends with one line on standard error, as conv-bench does."""
    print("conv-bench: error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(status)


def plotly_js():
    """The text of plotly.js."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        setup = os.path.join(os.path.dirname(os.path.abspath(__file__)), "setup-report")
        end(3, f"the Python package plotly is missing; run {setup}")
    return get_plotlyjs()


def write(path, text):
    """Puts the file in place in one step, so that a reader never sees half a page."""
    if path == "-":
        sys.stdout.buffer.write(text.encode())
        return
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise OSError(None, "is a directory")
    handle, temporary = tempfile.mkstemp(prefix=".conv-bench-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        end(2, f"{message}; see {self.prog} --help")


def main():
    parser = Parser(prog="report.py", description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", metavar="RESULTS")
    parser.add_argument("--html", required=True, metavar="FILE")
    options = parser.parse_args()
    if options.html != "-" and os.path.realpath(options.html) in map(
        os.path.realpath, options.results
    ):
        end(2, f"--html: {options.html} is one of the result files; give another name")
    script = plotly_js()
    gc.disable()  # millions of small objects, none in cycles: the collector would only walk them
    try:
        results = read_results(options.results)
    except BadFile as error:
        end(2, str(error))
    page = render(results, script)
    try:
        write(options.html, page)
    except OSError as error:
        end(2, f"cannot write {options.html}: {error.strerror}")
    for notice in results.notices:
        print("conv-bench: note: " + " ".join(notice.split()), file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
