"""Headless Chromium as a camera: pages framed side by side, each at its own width and in its own theme."""

import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from html import escape, unescape
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
GAP = 20  # pixels between frames
UNPAINTED = 200  # pixels at the foot of a window, the browser's own, that may stay blank in a picture

# Runs in a framed page and tells the framing one its height and what is wrong with its layout.
PROBE = r"""
if (OPEN) document.querySelectorAll('details.part').forEach((part) => { part.open = true; });
addEventListener('load', () => setTimeout(() => {
  const problems = [];
  if (document.documentElement.scrollWidth > innerWidth + 1)
    problems.push(`the page is ${document.documentElement.scrollWidth} pixels wide, not ${innerWidth}`);
  document.querySelectorAll('.chart').forEach((chart, index) => {
    const outer = chart.getBoundingClientRect();
    if (!outer.height || chart.closest('details:not([open])')) return;
    const texts = [...chart.querySelectorAll('svg text')]
      .map((node) => ({ node, text: node.textContent.trim(), box: node.getBoundingClientRect() }))
      .filter(({ text, box }) => text && box.width && box.height);
    if (!texts.length) problems.push(`chart ${index + 1} has no text`);
    texts.forEach((one, place) => {
      const cut = Math.max(outer.left - one.box.left, one.box.right - outer.right,
                           outer.top - one.box.top, one.box.bottom - outer.bottom);
      if (cut > 1) problems.push(`chart ${index + 1}: '${one.text}' is cut by ${Math.round(cut)} pixels`);
      for (const two of texts.slice(place + 1)) {
        const x = Math.min(one.box.right, two.box.right) - Math.max(one.box.left, two.box.left);
        const y = Math.min(one.box.bottom, two.box.bottom) - Math.max(one.box.top, two.box.top);
        // Turned texts have boxes larger than what is drawn.
        const turned = [one, two].some((t) => /rotate\((?!0)/.test(t.node.getAttribute('transform') || ''));
        if (x > 1 && y > 3 && !turned)
          problems.push(`chart ${index + 1}: '${one.text}' and '${two.text}' overlap`);
      }
    });
  });
  const height = Math.ceil(document.querySelector('main, body').getBoundingClientRect().bottom);
  parent.postMessage({ frame: name, height, problems: problems.slice(0, 50) }, '*');
}, 1000));
"""

# Runs in the framing page: collects what the framed ones tell.
COLLECT = r"""
const told = [];
addEventListener('message', ({ data }) => {
  told.push(data);
  document.getElementById('told').textContent = JSON.stringify(told);
});
"""


class BrowserError(Exception):
    """No browser, or one that fails: a sentence with its remedy."""


class Frame:
    """How a page is shown: CSS pixels across, and `light` or `dark`."""

    def __init__(self, width, theme="light"):
        self.width, self.theme = width, theme


def find():
    """The browser: `CHROMIUM` in the environment, or the first that PATH has."""
    wanted = os.environ.get("CHROMIUM")
    found = shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    if wanted:
        raise BrowserError(f"CHROMIUM: cannot run {wanted}")
    raise BrowserError(
        "no chromium or google-chrome on PATH; install one (apt-get install chromium) or name it in"
        " CHROMIUM")


def upper_part(png, height):
    """The first `height` rows of a PNG: rows are stored from the top, each by those above it."""
    width, whole, depth, kind = struct.unpack(">IIBB", png[16:26])
    if whole <= height:
        return png
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    chunks, data, place = [], b"", 8
    while place < len(png):
        size, name = struct.unpack(">I4s", png[place:place + 8])
        body = png[place + 8:place + 8 + size]
        if name == b"IDAT":
            data += body
        elif name == b"IHDR":
            chunks.append((name, struct.pack(">II", width, height) + body[8:]))
        elif name == b"PLTE":
            chunks.append((name, body))
        place += size + 12
    rows = zlib.decompress(data)[:height * (1 + (width * samples * depth + 7) // 8)]
    chunks += [(b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return png[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks)


class Camera:
    """Frames one page, of which it may show only some sections, and unfold all charts."""

    def __init__(self, html, only=None, unfolds=False):
        self.program = find()
        self.html, self.only = html, only
        self.probe = f"const OPEN = {str(unfolds).lower()};{PROBE}"

    def measure(self, frames):
        """For each frame its height in pixels and the problems of its layout."""
        with tempfile.TemporaryDirectory() as folder:
            text = self._browse(folder, frames, 2000, "--dump-dom")
        told = re.search(r"<pre id=\"told\"[^>]*>(.*?)</pre>", text, re.S)
        answers = json.loads(unescape(told[1]) or "[]") if told else []
        if len(answers) != len(frames):
            raise BrowserError(f"{self.program} did not draw the page within its time")
        answers.sort(key=lambda answer: int(answer["frame"]))
        return [(answer["height"], answer["problems"]) for answer in answers]

    def picture(self, path, frames, height):
        """Writes a PNG of the frames side by side, `height` pixels high."""
        with tempfile.TemporaryDirectory() as folder:
            shot = os.path.join(folder, "shot.png")
            self._browse(folder, frames, height, f"--screenshot={shot}")
            if not os.path.exists(shot):
                raise BrowserError(f"{self.program} wrote no picture")
            Path(path).write_bytes(upper_part(Path(shot).read_bytes(), height))

    def _browse(self, folder, frames, height, *action):
        style = f"<style>section, header {{ display: none }} {self.only} {{ display: block }}" \
                " h2 { margin-top: 0; border: 0 }</style>" if self.only else ""
        page = self.html.replace("</head>", style + "</head>", 1)
        page = page.replace("</body>", f"<script>{self.probe}</script></body>", 1)
        Path(folder, "page.html").write_text(page, encoding="utf-8")
        framed = "".join(
            f"<iframe name={place} src=page.html style=\"width:{frame.width}px;height:{height}px;"
            f"color-scheme:{escape(frame.theme)}\"></iframe>"
            for place, frame in enumerate(frames))
        outer = Path(folder, "outer.html")
        outer.write_text(
            "<!doctype html><meta charset=utf-8><style>body{margin:0;display:flex;"
            f"gap:{GAP}px;background:#888}}iframe{{border:0;flex:none}}</style>"
            f"<pre id=told hidden></pre><script>{COLLECT}</script>{framed}", encoding="utf-8")
        width = sum(frame.width for frame in frames) + GAP * (len(frames) - 1)
        command = [
            self.program, "--headless=new", "--disable-gpu", "--hide-scrollbars",
            "--virtual-time-budget=20000", f"--window-size={width},{height + UNPAINTED}",
            f"--user-data-dir={folder}/profile", *action, outer.as_uri()]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium's sandbox refuses root
        try:
            result = subprocess.run(
                command, capture_output=True, timeout=180, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrowserError(f"{self.program} failed: {error}") from None
        if result.returncode:
            lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            raise BrowserError(f"{self.program} failed: {lines[-1]}")
        return result.stdout.decode(errors="replace")
