"""The sections of the page: a figure, as plotly.js takes it, and the table of the same numbers."""

import math

from .analysis import Number, intensity, memory_mib, ratio

MOST_BARS = 40  # layers in one chart; a phone scrolls about one screen for ten
MOST_POINTS = 2000  # of a chart; beyond it a browser slows down
MOST_LINES = 60
MOST_ROWS = 1000  # of a table
MOST_PANELS = 12
LEVELS = {"l1": "L1", "l2": "L2", "l3": "L3", "dram": "memory"}


class Section:
    """A heading, a text, figures and tables."""

    def __init__(self, title, text):
        self.title, self.text, self.parts = title, text, []

    def add(self, caption, figure, header, rows, note=""):
        if len(rows) > MOST_ROWS:
            note += f" The table has the first {MOST_ROWS} of {len(rows)} rows."
        self.parts.append((caption, figure, header, rows[:MOST_ROWS], note.strip()))


def axis(title, kind="linear", **more):
    return {"title": {"text": title}, "type": kind, "automargin": True, **more}


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


MANTISSAS = (
    [i / 20 for i in range(20, 200)], [i / 10 for i in range(10, 100)],
    [i / 5 for i in range(5, 50)], [i / 2 for i in range(2, 20)], list(range(1, 10)),
    [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1],
)


def log_axis(title, low, high):
    """A logarithmic axis that spells its ticks out: as many as fit a phone."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for mantissas in MANTISSAS:
        ticks = [(m, e) for e in exponents for m in mantissas if low <= m * 10.0**e <= high]
        # Powers of ten take more room than plain numbers.
        if len(ticks) <= (8 if low >= 1e-3 else 5):
            break
    return axis(
        title, "log", range=[math.log10(low), math.log10(high)],
        tickvals=[m * 10.0**e for m, e in ticks], ticktext=[tick_text(m, e) for m, e in ticks])


def tick_text(mantissa, exponent):
    if -3 <= exponent <= 4:
        return f"{mantissa * 10.0**exponent:.6g}"
    power = "10" + str(exponent).translate(SUPERSCRIPT)
    return power if mantissa == 1 else f"{mantissa:g}·{power}"


def spread(values, factor=1.25):
    """A range for a logarithmic axis with room around the values."""
    return min(values) / factor, max(values) * factor


def points(contender, rows, xs, ys, hover):
    """A trace of one contender; `contender` chooses its colour and symbol in the page."""
    return {
        "type": "scatter", "mode": "markers", "contender": contender, "name": contender,
        "x": xs, "y": ys, "text": hover, "hovertemplate": "%{text}<extra></extra>",
    }


def by_contender(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row.contender, []).append(row)
    return groups.items()


def limited(rows):
    """The rows that a chart and its table show, and a note if these are not all."""
    note = f"Of {len(rows)} cases, the first {MOST_POINTS}." if len(rows) > MOST_POINTS else ""
    return rows[:MOST_POINTS], note


def number_text(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def panels(analysis):
    several = len(analysis.machines) > 1
    for panel in analysis.panels[:MOST_PANELS]:
        yield panel, panel.title(several)


def roofline(analysis):
    section = Section(
        "Roofline",
        "Executed arithmetic against executed operations per byte of source, destination, weights"
        " and workspace. A point under the flat line could compute faster; a point under a slanted"
        " line waits for that memory. Each chart has one flat line: the peak measured in the run.",
    )
    for panel, title in panels(analysis):
        cases, note = limited(panel.timed)
        placed = [(row, intensity(row)) for row in cases]
        placed = [(row, x) for row, x in placed if x and row.gflops_executed]
        if not placed:
            continue
        traces = []
        xs = {id(row): x for row, x in placed}
        for contender, rows in by_contender([row for row, _ in placed]):
            traces.append(points(
                contender, rows, [xs[id(r)].value for r in rows],
                [r.gflops_executed for r in rows],
                [f"{r.label}, {r.contender}: {number_text(r.gflops_executed)} GFLOP/s" for r in rows],
            ))
        low = min(x.value for _, x in placed) / 2
        high = max(x.value for _, x in placed) * 1.5
        roofs, labels, slopes = roof_lines(analysis, panel, low, high)
        lowest = min(r.gflops_executed for r, _ in placed) / 1.5
        highest = 1.6 * max([panel.peak or 0] + [r.gflops_executed for r, _ in placed])
        figure = {
            "data": roofs + traces,
            "layout": {
                "height": 420, "annotations": labels,
                "xaxis": log_axis("executed FLOP per byte", low, high),
                "yaxis": log_axis("executed GFLOP/s", lowest, highest),
            },
        }
        if slopes:
            note += f" Slanted lines, from the left: {', '.join(slopes)}, as 'conv-bench machine'" \
                    " measured them at another moment."
        else:
            note += " Slanted lines need the bandwidths: add the file that 'conv-bench machine" \
                    " --json' prints to the results."
        table = [
            [r.label, r.contender, x, Number.of(r, "gflops_executed"),
             Number.of(r, "peak_fraction"), r.text("bound")]
            for r, x in placed
        ]
        section.add(title, figure, [
            "layer", "backend", "FLOP/byte", "executed GFLOP/s", "of peak", "bound"], table, note)
    return section


def roof_lines(analysis, panel, low, high):
    """The peak and, where the machine's bandwidths are known, one line for each level."""
    lines, labels, slopes = [], [], []
    peak = panel.peak
    if peak:
        lines.append(line([low, high], [peak, peak], "peak"))
        labels.append(label(high, peak, f"peak {number_text(peak)} GFLOP/s", "right", "bottom"))
    for entry in analysis.results.machines.get(panel.machine, {}).get("bandwidths", []):
        if entry.get("threads") != panel.threads or not peak:
            continue
        rate = entry["bytesPerSecond"] / 1e9
        ridge = peak / rate
        name = LEVELS.get(entry["level"], entry["level"])
        slopes.append((rate, f"{name} {number_text(rate)} GB/s"))
        if ridge > low:
            end = min(ridge, high)
            lines.append(line([low, end], [low * rate, end * rate], "memory"))
    return lines, labels, [text for _, text in sorted(slopes, reverse=True)]


def line(xs, ys, roof):
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "roof": roof,
            "hoverinfo": "skip", "line": {"width": 1.5, "dash": "solid" if roof == "peak" else "dot"}}


def label(x, y, text, side, foot):
    return {"x": math.log10(x), "y": math.log10(y), "text": text, "showarrow": False,
            "xanchor": side, "yanchor": foot, "font": {"size": 11}}


def backends(analysis):
    section = Section(
        "Backends, layer by layer",
        "Direct-equivalent GFLOP/s: the work of direct convolution over the median time, so Winograd"
        " and FFT may exceed the peak. Thin lines are the median's 95 % interval. No bar: the"
        " backend declined the layer, and the table says why.",
    )
    for panel, title in panels(analysis):
        labels = [name for name, rows in panel.layers.items() if any(r.is_timed for r in rows)]
        shown = labels[:MOST_BARS]
        note = f"The chart has {MOST_BARS} of {len(labels)} layers." if len(labels) > MOST_BARS else ""
        wanted = set(shown)
        traces = []
        for contender, rows in by_contender([r for r in panel.timed if r.label in wanted]):
            traces.append({
                "type": "bar", "orientation": "h", "contender": contender, "name": contender,
                "y": [r.label for r in rows], "x": [r.gflops for r in rows],
                "error_x": interval(rows), "hovertemplate": "%{y}, " + contender + ": %{x:.4g} GFLOP/s<extra></extra>",
            })
        if panel.peak and shown:
            traces.append({**line([panel.peak] * len(shown), shown, "peak"), "mode": "lines"})
        figure = {"data": traces[::-1], "layout": {
            "height": 90 + len(shown) * (16 + 11 * max(1, len(traces) - 1)),
            "barmode": "group", "bargap": 0.22,
            "xaxis": axis("GFLOP/s, direct-equivalent", rangemode="tozero"),
            "yaxis": axis("", "category", categoryorder="array", categoryarray=shown[::-1]),
        }} if traces else None
        table = []
        for name, rows in panel.layers.items():
            if len(table) >= MOST_ROWS:
                note = f"Of {len(labels)} layers, {len(shown)} in the chart, {MOST_ROWS} rows in the" \
                       " table."
                break
            best = panel.fastest[name]
            for r in sorted(rows, key=lambda r: (not r.is_timed, r.median_ms or 0)):
                verdict = "fastest" if r is best else "" if r.is_timed else (
                    f"{r.text('status')}: {r.text('reason')}")
                slower = ratio(Number.of(r, "median_ms"), Number.of(best, "median_ms")) \
                    if r.is_timed and best is not r else None
                table.append([name, r.contender, Number.of(r, "median_ms"),
                              Number.of(r, "ci95_low_ms"), Number.of(r, "ci95_high_ms"),
                              Number.of(r, "gflops"), slower, verdict])
        section.add(title, figure, [
            "layer", "backend", "median ms", "95 % from", "to", "GFLOP/s", "× fastest", ""],
            table, note)
    return section


def interval(rows):
    """Error bars in GFLOP/s from the interval of the time."""
    up, down = [], []
    for r in rows:
        known = r.gflop and r.gflops and r.ci95_low_ms and r.ci95_high_ms
        up.append(max(0, r.gflop / r.ci95_low_ms * 1e3 - r.gflops) if known else 0)
        down.append(max(0, r.gflops - r.gflop / r.ci95_high_ms * 1e3) if known else 0)
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down,
            "thickness": 1, "width": 2}


def scaling(analysis):
    section = Section(
        "Thread scaling",
        "How many times faster than with the fewest threads. The dashed line is ideal: twice the"
        " threads, half the time. One line for each layer and backend.",
    )
    cases = analysis.scaling()
    if not cases:
        return None
    traces, table = [], []
    for (name, contender, *conditions), rows in list(cases.items())[:MOST_POINTS]:
        first = Number.of(rows[0], "median_ms")
        speedups = [ratio(first, Number.of(r, "median_ms")) for r in rows]
        counts = [r.threads for r in rows]
        if len(traces) < 5 * MOST_LINES:
            traces.append({
                "type": "scatter", "mode": "lines+markers", "contender": contender,
                "name": contender, "x": [n / counts[0] for n in counts],
                "y": [s.value for s in speedups], "opacity": 0.75,
                "text": [f"{name}, {contender}, {n:g} threads: {s.value:.3g}×"
                         for n, s in zip(counts, speedups)],
                "hovertemplate": "%{text}<extra></extra>",
            })
        table += [] if len(table) > MOST_ROWS else [[name, contender, *conditions[1:3], Number.of(r, "threads"),
                   Number.of(r, "median_ms"), s] for r, s in zip(rows, speedups)]
    most = max(max(t["x"]) for t in traces)
    ideal = {**line([1, most], [1, most], "memory"), "line": {"dash": "dash", "width": 1.5}}
    ticks = sorted({x for t in traces for x in t["x"]})
    figure = {"data": [ideal] + traces, "layout": {
        "height": 420,
        "xaxis": axis("threads, as a multiple of the fewest", "log", tickvals=ticks,
                      ticktext=[f"{t:g}×" for t in ticks]),
        "yaxis": axis("speed-up", rangemode="tozero")}}
    note = f"The chart has {len(traces)} of {len(cases)} cases." if len(traces) < len(cases) else ""
    section.add("", figure, [
        "layer", "backend", "isa", "layout", "threads", "median ms", "speed-up"], table, note)
    return section


def against_time(analysis, title, text, column, value, axis_title):
    """Some property of each case against its time as a multiple of the layer's fastest."""
    section = Section(title, text)
    for panel, caption in panels(analysis):
        cases = []
        rows, note = limited(panel.timed)
        for row in rows:
            x = value(row)
            best = panel.fastest[row.label]
            slower = ratio(Number.of(row, "median_ms"), Number.of(best, "median_ms"))
            if x and x.value > 0:
                cases.append((row, x, slower))
        if not cases:
            continue
        traces = []
        places = {id(row): (x.value, y.value) for row, x, y in cases}
        for contender, rows in by_contender([row for row, _, _ in cases]):
            traces.append(points(
                contender, rows, [places[id(r)][0] for r in rows],
                [places[id(r)][1] for r in rows],
                [f"{r.label}, {contender}: {places[id(r)][0]:.3g}, {places[id(r)][1]:.3g}× fastest"
                 for r in rows]))
        across, up = zip(*places.values())
        figure = {"data": traces, "layout": {
            "height": 380, "xaxis": log_axis(axis_title, *spread(across)),
            "yaxis": log_axis("time ÷ fastest of the layer", *spread(up, 1.15))}}
        section.add(caption, figure, ["layer", "backend", "variant", column, "median ms", "× fastest"], [
            [r.label, r.contender, r.text("variant"), x, Number.of(r, "median_ms"), y]
            for r, x, y in cases], note)
    return section if section.parts else None


def accuracy(analysis):
    return against_time(
        analysis, "Time against accuracy",
        "Down is faster, left is more accurate. The error is ‖error‖₂ / ‖reference‖₂ on seeded normal"
        " data against float64.", "relative error",
        lambda r: Number.of(r, "rel_l2_error"), "relative L2 error")


def memory(analysis):
    return against_time(
        analysis, "Time against memory",
        "Down is faster, left is smaller. Memory is packed or transformed weights and workspace; the"
        " tensors themselves come on top.", "MiB", memory_mib, "MiB of weights and workspace")


def networks(analysis):
    section = Section(
        "Networks",
        "Sum of median × occurrences over the layers that were measured. A backend that declined a"
        " layer has a smaller sum and is marked: do not compare it with the others. Fastest per layer"
        " takes the best backend for each layer.",
    )
    for place, (panel, network, count, sums, best) in enumerate(analysis.totals()):
        if place >= MOST_PANELS:
            break
        names = [name for name, _, _ in sums]
        figure = {"unlabelled": True, "data": [{
            "type": "bar", "orientation": "h", "contender": name, "name": name,
            "x": [value.value], "y": [name],
            "marker": {"opacity": 1 if layers.value >= count else 0.35},
            "hovertemplate": "%{y}: %{x:.4g} ms<extra></extra>",
        } for name, value, layers in sums], "layout": {
            "height": 80 + 34 * len(sums), "barmode": "overlay",
            "xaxis": axis("ms", rangemode="tozero"),
            "yaxis": axis("", "category", categoryorder="array", categoryarray=names[::-1])}}
        caption = f"{network}: {panel.title(len(analysis.machines) > 1)}"
        section.add(caption, figure, ["backend", "total ms", "layers", ""], [
            [name, value, layers, "" if layers.value >= count else
             f"lacks {number_text(count - layers.value)} of {number_text(count)} layers"]
            for name, value, layers in sums],
            "Pale bars lack layers." if any(s[2].value < count for s in sums) else "")
        section.add(f"{network}: the fastest for each layer", None, [
            "layer", "times", "backend", "variant", "median ms", "GFLOP/s"], [
            [r.label, Number.of(r, "multiplicity"), r.contender, r.text("variant"),
             Number.of(r, "median_ms"), Number.of(r, "gflops")] for r in best[:MOST_ROWS]],
            f"The first {MOST_ROWS} of {len(best)} layers." if len(best) > MOST_ROWS else "")
    return section if section.parts else None


def history(analysis):
    cases = analysis.changes()
    if not cases:
        return None
    section = Section(
        "History",
        "Median time of each case as a multiple of its first run; above 1 is slower. Only runs of one"
        " machine are joined. Runs at different moments differ by noise alone: 'conv-bench gate' gives"
        " verdicts, this chart does not.",
    )
    names = {}
    for (stamp, run), row in analysis.runs:
        commit = row.text("commit")[:8]
        names[(stamp, run)] = f"{stamp[:16].replace('T', ' ')}" + (f" {commit}" if commit else "")
    order = [names[key] for key, _ in analysis.runs]
    order = [
        f"{name} #{place + 1}" if order.count(name) > 1 else name
        for place, name in enumerate(order)
    ]
    traces = []
    for rows in cases[:MOST_LINES]:
        traces.append({
            "type": "scatter", "mode": "lines+markers", "contender": rows[0].contender,
            "name": rows[0].contender, "x": [order[analysis.run_of(r)] for r in rows],
            "y": [r.median_ms / rows[0].median_ms for r in rows], "opacity": 0.75,
            "text": [f"{r.label}, {r.contender}: {number_text(r.median_ms)} ms" for r in rows],
            "hovertemplate": "%{text}<extra></extra>"})
    table = []
    for rows in cases[:MOST_ROWS]:
        first, last = rows[0], rows[-1]
        table.append([first.label, first.contender, first.text("isa"), first.text("layout"),
                      Number.of(first, "threads"), Number.of(first, "median_ms"),
                      Number.of(last, "median_ms"),
                      ratio(Number.of(last, "median_ms"), Number.of(first, "median_ms")),
                      overlap(first, last)])
    used = [name for name in order if any(name in t["x"] for t in traces)]
    figure = {"data": traces, "layout": {
        "height": 420, "xaxis": axis("", "category", categoryorder="array", categoryarray=used,
                                     tickangle=-30 if len(used) > 2 else 0),
        "yaxis": log_axis(
            "time ÷ first run", *spread([y for t in traces for y in t["y"]], 1.05))}}
    note = (f"The chart has the {MOST_LINES} of {len(cases)} cases that changed most."
            if len(cases) > MOST_LINES else "")
    section.add("", figure, ["layer", "backend", "isa", "layout", "threads", "first ms", "last ms",
                             "last ÷ first", ""], table, note)
    return section


def overlap(first, last):
    bounds = [first.ci95_low_ms, first.ci95_high_ms, last.ci95_low_ms, last.ci95_high_ms]
    if any(b is None for b in bounds):
        return "no interval"
    return "~" if bounds[0] <= bounds[3] and bounds[2] <= bounds[1] else (
        "slower" if last.median_ms > first.median_ms else "faster")
