"""The page itself: one HTML file with everything in it."""

import json
import math
import os
from html import escape

from . import charts
from .analysis import Analysis, Number, Totals, ratio

MOST_FACTS = 6  # networks that the summary names
HERE = os.path.dirname(os.path.abspath(__file__))


def render(results, plotly_js):
    """The whole page as text."""
    analysis = Analysis(results)
    sections = [
        charts.networks(analysis), charts.backends(analysis), charts.roofline(analysis),
        charts.scaling(analysis), charts.tiles(analysis), charts.accuracy(analysis),
        charts.memory(analysis),
        charts.history(analysis),
    ]
    figures = []
    body = summary(analysis)
    for section in sections:
        if section and section.parts:
            body += section_html(section, figures)
    body += environment(analysis)
    data = json.dumps(
        {"figures": figures, "contenders": analysis.painted}, separators=(",", ":"),
        allow_nan=False)
    return (
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=color-scheme content=\"light dark\">\n<title>conv-bench report</title>\n"
        f"<style>\n{asset('page.css')}</style>\n</head>\n<body>\n<main>\n{body}</main>\n"
        f"<script>{script_source(plotly_js)}</script>\n"
        f"<script>const report = {script(data)};\n{asset('page.js')}</script>\n</body>\n</html>\n"
    )


def script(data):
    """JSON that cannot end the element it stands in."""
    return data.replace("<", "\\u003c")


def script_source(source):
    """A program that cannot end the element it stands in: `</script` occurs in strings only."""
    return source.replace("</script", "<\\/script")


def asset(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def number(value):
    """Four significant digits, as the test of the page computes them too."""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.4g}"


def cell(value):
    if value is None:
        return "<td class=n>"
    if isinstance(value, Number):
        return f"<td class=n data-of=\"{escape(value.formula)}\">{number(value.value)}"
    # Long texts may be broken anywhere; names stay whole, and the table scrolls sideways.
    return f"<td{' class=w' if len(str(value)) > 24 else ' class=s'}>{escape(str(value))}"


def table(header, rows):
    kinds = [any(isinstance(row[i], Number) for row in rows) for i in range(len(header))]
    head = "".join(
        f"<th scope=col{' class=n' if kind else ''}>{escape(name)}"
        for name, kind in zip(header, kinds))
    lines = "\n".join("<tr>" + "".join(map(cell, row)) for row in rows)
    return f"<div class=scroll tabindex=0><table><thead><tr>{head}<tbody>\n{lines}\n</table></div>"


def section_html(section, figures):
    html = f"<section id={section.name}>\n<h2>{escape(section.title)}</h2>\n<p>{escape(section.text)}</p>\n"
    for caption, figure, header, rows, note, folded in section.parts:
        part = part_html(section, figure, header, rows, note, figures)
        if folded:
            html += f"<details class=part><summary>{escape(caption)}</summary>\n{part}</details>\n"
        else:
            html += (f"<h3>{escape(caption)}</h3>\n" if caption else "") + part
    return html + "</section>\n"


def part_html(section, figure, header, rows, note, figures):
    """A chart with its legend, the note and the table, which a chart folds away."""
    html = ""
    if figure:
        height = figure["layout"]["height"]
        legend = f"<div class=legend{' hidden' if figure.pop('unlabelled', False) else ''}></div>"
        html += f"{legend}<div class=chart role=img style=\"height:{height}px\"" \
                f" aria-label=\"{escape(section.title)}; the table below has the numbers\"></div>\n"
        figures.append(figure)
    if note:
        html += f"<p class=note>{escape(note)}</p>\n"
    if not rows:
        return html
    if not figure:
        return html + table(header, rows) + "\n"
    return html + f"<details><summary>Table, {plural(len(rows), 'row')}</summary>" \
                  f"{table(header, rows)}</details>\n"


def plural(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def summary(analysis):
    """What happened, in sentences."""
    layers = len({r.label for p in analysis.panels for r in p.rows})
    names = ", ".join(analysis.contenders[:12]) + (", …" if len(analysis.contenders) > 12 else "")
    lead = f"{plural(layers, 'layer')} on {plural(len(analysis.contenders), 'backend')} ({names}):" \
           f" {plural(len(analysis.timed), 'case')} timed in {plural(len(analysis.runs), 'run')}."
    facts = [*network_facts(analysis), *map(escape, case_facts(analysis))]
    alerts = []
    if analysis.wrong:
        worst = analysis.wrong[0]
        alerts.append(
            f"{plural(len(analysis.wrong), 'case')} wrong or failed, such as {worst.label} on"
            f" {worst.contender}: {worst.text('reason')}")
    if len(analysis.machines) > 1:
        alerts.append(
            f"The files come from {len(analysis.machines)} machines. They are shown apart; do not"
            " compare times across them.")
    if len(analysis.panels) > charts.MOST_PANELS:
        alerts.append(
            f"{len(analysis.panels)} combinations of machine, threads, layout and instruction set;"
            f" each kind of chart shows the first {charts.MOST_PANELS}.")
    alerts += analysis.results.notices + analysis.results.warnings
    html = f"<header>\n<h1>conv-bench report</h1>\n<p class=lead>{escape(lead)}</p>\n"
    html += "<ul class=facts>" + "".join(f"<li>{fact}</li>\n" for fact in facts) + "</ul>\n"
    if alerts:
        html += "<ul class=alerts>" + "".join(
            f"<li>{escape(text)}" for text in dict.fromkeys(alerts)) + "</ul>\n"
    return html + "</header>\n"


def span(value):
    return f"<span data-of=\"{escape(value.formula)}\">{number(value.value)}</span>"


def network_facts(analysis):
    """For each of the first networks what its layers take together, as HTML."""
    totals = list(analysis.totals())
    several = len(analysis.panels) > 1
    for panel, network, count, sums, _ in totals[:MOST_FACTS]:
        known = Totals(sums, count)
        name, time = known.single
        where = f" ({escape(panel.title(len(analysis.machines) > 1))})" if several else ""
        fact = f"<b>{escape(network)}</b>{where}: "
        if known.fastest and time and known.fastest.value < time.value:
            fact += f"{span(known.fastest)} ms with the fastest backend for each layer," \
                    f" {span(ratio(time, known.fastest))} times as fast as {escape(name)} alone" \
                    f" ({span(time)} ms)"
        elif time:
            fact += f"{span(time)} ms by {escape(name)}"
        elif known.fastest:
            fact += f"{span(known.fastest)} ms with the fastest backend for each layer; none takes all"
        else:
            continue
        yield fact + (f"; {span(known.auto)} ms by auto." if known.auto else ".")
    if len(totals) > MOST_FACTS:
        yield f"{plural(len(totals) - MOST_FACTS, 'more total')} below."


def case_facts(analysis):
    """What holds of the cases together, in sentences."""
    decided = sum(count for _, count in analysis.wins)
    if decided:
        yield "Fastest most often: " + ", ".join(
            f"{name} on {count}" for name, count in analysis.wins) + f" of {decided} layers" + (
            " (each thread count, layout and instruction set counts)."
            if len(analysis.panels) > 1 else ".")
    else:
        yield "No row has a time; nothing can be drawn."
    fractions = sorted(r.peak_fraction for r in analysis.timed if r.peak_fraction)
    if fractions:
        yield (f"The backends use between {fractions[0]:.0%} and {fractions[-1]:.0%} of what the machine can"
               f" compute, half of them more than {fractions[len(fractions) // 2]:.0%}.")
    if declined := analysis.status["unsupported"]:
        yield f"{plural(declined, 'case')} declined by the backend, with a reason in the tables."
    wide = [r for r in analysis.timed if r.ci95_high_ms and r.ci95_low_ms
            and (r.ci95_high_ms - r.ci95_low_ms) / 2 > 0.05 * r.median_ms]
    if wide:
        yield (f"{plural(len(wide), 'median')} uncertain by more than ±5 %: the machine was noisy there, so"
               " read small differences as none.")


def environment(analysis):
    """Where the numbers come from."""
    results = analysis.results
    runs = [
        [run, stamp, row.text("commit") or "unknown", row.text("machine"),
         os.path.basename(results.files[row.file])]
        for (stamp, run), row in analysis.runs
    ]
    html = "<section id=environment>\n<h2>Environment</h2>\n" + table(
        ["run", "start, UTC", "commit", "machine", "file"], runs[:charts.MOST_ROWS])
    for run, facts in results.environments.items():
        rows = list(flat(facts))
        html += f"<details><summary>What {escape(run)} recorded</summary>" \
                f"{table(['fact', 'value'], rows)}</details>\n"
    if not results.environments:
        html += "<p class=note>The JSON of a run (conv-bench --json FILE) tells more: caches," \
                " libraries, load, command line.</p>\n"
    files = "; ".join(os.path.basename(name) for name in results.files)
    return html + f"<p class=note>Made from {escape(files)}. Each number in a table holds its formula," \
                  " file:line:column, in the attribute data-of.</p>\n</section>\n"


def flat(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        yield [name, ", ".join(map(str, value))]
    elif isinstance(value, float) and math.isfinite(value):
        yield [name, f"{value:.6g}"]
    else:
        yield [name, str(value)]
