"""The sections of the page: a figure, as plotly.js takes it, and the table of the same numbers."""

import math

from .analysis import (
    Number, Totals, group, intensity, memory_mib, network_name, ratio, tile, times, total)

MOST_BARS = 40  # layers in one chart; a phone scrolls about one screen for ten
MOST_POINTS = 2000  # of a chart; beyond it a browser slows down
MOST_LINES = 60
MOST_ROWS = 1000  # of a table
MOST_PANELS = 12
MOST_NETWORKS = 40  # in all panels together
MOST_OPEN = 3  # networks whose charts are shown at once; of more, only the first is
LEVELS = {"l1": "L1", "l2": "L2", "l3": "L3", "dram": "memory"}


class Section:
    """A heading, a text, figures and tables; the name is what a link to it ends with."""

    def __init__(self, name, title, text):
        self.name, self.title, self.text, self.parts = name, title, text, []

    def add(self, caption, figure, header, rows, note="", folded=False):
        """Adds a chart and its table; a folded one shows only its caption until it is opened."""
        if len(rows) > MOST_ROWS:
            note += f" The table has the first {MOST_ROWS} of {len(rows)} rows."
        self.parts.append((caption, figure, header, rows[:MOST_ROWS], note.strip(), folded))


def axis(title, kind="linear", **more):
    return {"title": {"text": title}, "type": kind, "automargin": True, **more}


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


MANTISSAS = (
    [i / 20 for i in range(20, 200)], [i / 10 for i in range(10, 100)],
    [i / 5 for i in range(5, 50)], [i / 2 for i in range(2, 20)], list(range(1, 10)),
    [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1],
)


def log_axis(title, low, high, across):
    """A logarithmic axis that spells its ticks out: as many as fit a phone, across or upwards."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    # Labels take room across by their length, powers of ten most; upwards by their height.
    gap = math.log10(high / low) * (0.06 if not across else 0.13 if low >= 1e-3 else 0.2)
    choices = [
        [(value, value, 0) for value in multiples(step * 10.0**exponent, low, high)]
        for exponent in range(exponents[0] - 2, exponents[-1] + 1) for step in (1, 2, 5)
    ] if high < 4 * low else []
    choices += [
        sorted((m * 10.0**e, m, e) for e in exponents for m in mantissas if low <= m * 10.0**e <= high)
        for mantissas in MANTISSAS
    ]
    ticks = next((c for c in choices if len(c) > 1 and is_spaced(c, gap)), choices[-1])
    return axis(
        title, "log", range=[math.log10(low), math.log10(high)],
        tickvals=[value for value, _, _ in ticks], ticktext=[tick_text(m, e) for _, m, e in ticks])


def is_spaced(ticks, gap):
    return all(math.log10(b[0] / a[0]) >= gap for a, b in zip(ticks, ticks[1:]))


def multiples(step, low, high):
    """The multiples of `step` from `low` to `high`, without the noise of their products."""
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{n * step:.12g}") for n in range(first, min(last, first + 100) + 1)]


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
    return sorted(groups.items())


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
        "roofline", "Roofline",
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
                "xaxis": log_axis("executed FLOP per byte", low, high, across=True),
                "yaxis": log_axis("executed GFLOP/s", lowest, highest, across=False),
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
        "backends", "Backends, layer by layer",
        "Direct-equivalent GFLOP/s: the work of direct convolution over the median time, so Winograd"
        " and FFT may exceed the peak. Thin lines are the median's 95 % interval. No bar: the"
        " backend declined the layer, and the table says why.",
    )
    for panel, title in panels(analysis):
        networks = group(panel.layers.items(), lambda layer: layer[1][0].text("network"))
        for place, (network, layers) in enumerate(list(networks.items())[:MOST_NETWORKS]):
            caption = f"{network or 'Given by hand'}: {title}" if len(networks) > 1 else title
            section.add(
                caption, backends_chart(panel, dict(layers)), [
                    "layer", "backend", "median ms", "95 % from", "to", "GFLOP/s", "× fastest", ""],
                *backends_table(panel, dict(layers)),
                folded=len(networks) > MOST_OPEN and place > 0)
        if len(networks) > MOST_NETWORKS:
            section.text += f" Of {len(networks)} networks ({title}), the first {MOST_NETWORKS}."
    return section


def backends_chart(panel, layers):
    """Bars of the first layers that anybody computed; None if there are none."""
    shown = [name for name, rows in layers.items() if any(r.is_timed for r in rows)][:MOST_BARS]
    rows = [r for name in shown for r in layers[name] if r.is_timed]
    traces = [{
        "type": "bar", "orientation": "h", "contender": contender, "name": contender,
        "y": [r.label for r in rows], "x": [r.gflops for r in rows], "error_x": interval(rows),
        "hovertemplate": "%{y}, " + contender + ": %{x:.4g} GFLOP/s<extra></extra>",
    } for contender, rows in by_contender(rows)]
    if not traces:
        return None
    peak = [{"type": "line", "x0": panel.peak, "x1": panel.peak, "y0": 0, "y1": 1, "yref": "paper"}]
    return {"data": traces[::-1], "layout": {
        "height": 90 + len(shown) * (16 + 11 * max(1, len(traces))),
        "shapes": peak if panel.peak else [],
        "barmode": "group", "bargap": 0.22,
        "xaxis": axis("GFLOP/s", rangemode="tozero"),
        "yaxis": axis("", "category", categoryorder="array", categoryarray=shown[::-1]),
    }}


def backends_table(panel, layers):
    """Rows of the table, the fastest of each layer first, and a note if some are left out."""
    timed = sum(any(r.is_timed for r in rows) for rows in layers.values())
    note = f"The vertical line is the machine's peak, {number_text(panel.peak)} GFLOP/s." if panel.peak else ""
    note += f" The chart has {MOST_BARS} of {timed} layers." if timed > MOST_BARS else ""
    table = []
    for name, rows in layers.items():
        if len(table) >= MOST_ROWS:
            return table, note + f" The table has the first {len(table)} rows."
        best = panel.fastest[name]
        for r in sorted(rows, key=lambda r: (not r.is_timed, r.median_ms or 0)):
            verdict = "fastest" if r is best else "" if r.is_timed else (
                f"{r.text('status')}: {r.text('reason')}")
            slower = ratio(Number.of(r, "median_ms"), Number.of(best, "median_ms")) \
                if r.is_timed and best is not r else None
            table.append([name, r.contender, Number.of(r, "median_ms"),
                          Number.of(r, "ci95_low_ms"), Number.of(r, "ci95_high_ms"),
                          Number.of(r, "gflops"), slower, verdict])
    return table, note


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
        "scaling", "Thread scaling",
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
        "yaxis": log_axis("speed-up", *spread(
            [1, most] + [y for t in traces for y in t["y"]], 1.1), across=False)}}
    note = f"The chart has {len(traces)} of {len(cases)} cases." if len(traces) < len(cases) else ""
    section.add("", figure, [
        "layer", "backend", "isa", "layout", "threads", "median ms", "speed-up"], table, note)
    return section


def against_time(
    analysis, name, title, text, column, value, axis_title, naming=lambda row: row.contender
):
    """Some property of each case that has a name against its time as a multiple of the layer's fastest."""
    section = Section(name, title, text)
    for panel, caption in panels(analysis):
        cases = []
        rows, note = limited([row for row in panel.timed if naming(row)])
        for row in rows:
            x = value(row)
            best = panel.fastest[row.label]
            slower = ratio(Number.of(row, "median_ms"), Number.of(best, "median_ms"))
            if x and x.value > 0:
                cases.append((row, x, slower))
        if not cases:
            continue
        traces = []
        for contender, members in group(cases, lambda case: naming(case[0])).items():
            traces.append(points(
                contender, [r for r, _, _ in members], [x.value for _, x, _ in members],
                [y.value for _, _, y in members],
                [f"{r.label}, {contender}: {x.value:.3g}, {y.value:.3g}× fastest"
                 for r, x, y in members]))
        figure = {"data": traces, "layout": {
            "height": 380,
            "xaxis": log_axis(
                axis_title, *spread([x.value for _, x, _ in cases]), across=True),
            "yaxis": log_axis(
                "time ÷ fastest of the layer", 0.94, 1.15 * max(y.value for _, _, y in cases),
                across=False)}}
        section.add(caption, figure, ["layer", "backend", "variant", column, "median ms", "× fastest"], [
            [r.label, naming(r), r.text("variant"), x, Number.of(r, "median_ms"), y]
            for r, x, y in cases], note)
    return section if section.parts else None


def tiles(analysis):
    """Winograd alone, by its tiles; None if fewer than two were used."""
    if len({tile(row) for row in analysis.timed} - {None}) < 2:
        return None
    return against_time(
        analysis, "tiles", "Winograd’s tiles",
        "F(m×m) computes m×m outputs at once: larger tiles do fewer products and lose digits. Down is"
        " faster, left is more accurate. The time is a multiple of the layer's fastest backend,"
        " whichever that is.",
        "relative error", lambda r: Number.of(r, "rel_l2_error"), "relative L2 error", tile)


def accuracy(analysis):
    return against_time(
        analysis, "accuracy", "Time against accuracy",
        "Down is faster, left is more accurate. The error is ‖error‖₂ / ‖reference‖₂ on seeded normal"
        " data against float64.", "relative error",
        lambda r: Number.of(r, "rel_l2_error"), "relative L2 error")


def memory(analysis):
    return against_time(
        analysis, "memory", "Time against memory",
        "Down is faster, left is smaller. Memory is packed or transformed weights and workspace; the"
        " tensors themselves come on top.", "MiB", memory_mib, "MiB of weights and workspace")


def networks(analysis):
    section = Section(
        "networks", "Networks",
        "Sum of median × occurrences over the layers that were measured. A backend that declined a"
        " layer has a smaller sum and is marked: do not compare it with the others. Fastest per layer"
        " takes the best backend for each layer.",
    )
    totals = list(analysis.totals())
    overview(analysis, section, totals)
    for place, (panel, network, count, sums, best) in enumerate(totals[:MOST_NETWORKS]):
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
        folded = len(totals) > MOST_OPEN and place > 0
        section.add(caption, figure, ["backend", "total ms", "layers", ""], [
            [name, value, layers, "" if layers.value >= count else
             f"lacks {number_text(count - layers.value)} of {number_text(count)} layers"]
            for name, value, layers in sums],
            "Pale bars lack layers." if any(s[2].value < count for s in sums) else "", folded)
        section.add(f"{network}: the fastest for each layer", None, [
            "layer", "times", "backend", "median ms", "GFLOP/s", "variant"], [
            [r.text("layer") or r.label, Number.of(r, "multiplicity"), r.contender,
             Number.of(r, "median_ms"), Number.of(r, "gflops"), r.text("variant")]
            for r in best], folded=folded)
    if len(totals) > MOST_NETWORKS:
        section.text += f" Of {len(totals)} totals, the first {MOST_NETWORKS} have their charts."
    return section if section.parts else None


def overview(analysis, section, totals):
    """For each panel: who makes up the networks' times if each layer takes its fastest, or `auto`."""
    for panel, title in panels(analysis):
        rows, table, names = [], [], []
        choices = group([r for r in panel.timed if r.text("backend") == "auto"], network_name)
        for _, network, count, sums, best in (t for t in totals if t[0] is panel):
            known = Totals(sums, count)
            name, time = known.single
            fastest = known.fastest or time
            table.append([network, fastest, name or "none takes all layers", time,
                          ratio(time, fastest), known.auto])
            for name, members in ((network, best), (f"{network}, auto", choices.get(network))):
                if members:
                    names.append(name)
                    rows += [(name, *part) for part in mix(members)]
        if len(table) < 2 and not choices:
            continue
        parts = group(rows, lambda r: r[1])
        figure = {"data": [{
            "type": "bar", "orientation": "h", "contender": contender, "name": contender,
            "y": [r[0] for r in members], "x": [r[4].value for r in members],
            "hovertemplate": "%{y}, " + contender + ": %{x:.3g} %<extra></extra>",
        } for contender, members in parts.items()], "layout": {
            "height": 90 + 26 * len(names), "barmode": "stack",
            "xaxis": axis("% of the network's time", range=[0, 100]),
            "yaxis": axis("", "category", categoryorder="array", categoryarray=names[::-1])}}
        section.add(f"All networks: {title}", None, [
            "network", "fastest per layer, ms", "best single backend", "its ms", "× fastest",
            "auto, ms"][:None if choices else 5], [row[:None if choices else 5] for row in table])
        section.add(f"Who takes part if each layer takes its fastest: {title}", figure, [
            "network", "backend", "layers", "ms", "% of time"], rows)


def mix(rows):
    """(backend, layers, ms, % of the time) of each that occurs among the rows, which are one network."""
    parts = group(rows, lambda r: r.text("variant").split()[0] if r.text("backend") == "auto"
                  and r.text("variant") else r.contender)
    def time(rows):
        return total([times(Number.of(r, "median_ms"), Number.of(r, "multiplicity")) for r in rows])
    whole = time(rows)
    for name, members in sorted(parts.items(), key=lambda p: -time(p[1]).value):
        own = time(members)
        yield (name, total([Number.of(r, "multiplicity") for r in members]), own,
               Number(100 * own.value / whole.value, f"100 * ({own.formula}) / ({whole.formula})"))


def history(analysis):
    cases = analysis.changes()
    if not cases:
        return None
    section = Section(
        "history", "History",
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
            "time ÷ first run", *spread([y for t in traces for y in t["y"]], 1.05), across=False)}}
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
