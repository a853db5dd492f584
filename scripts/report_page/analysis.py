"""What the page says about the rows: which stand for what, sums, ratios. No HTML here."""

import math
from collections import Counter, defaultdict

from .results import shape


class Number:
    """A value and the formula, over cells of the files, that it comes from."""

    __slots__ = ("value", "formula")

    def __init__(self, value, formula):
        self.value, self.formula = value, formula

    @staticmethod
    def of(row, column):
        value = getattr(row, column)
        return None if value is None else Number(value, row.reference(column))


def ratio(a, b):
    if a is None or b is None or not b.value:
        return None
    return Number(a.value / b.value, f"({a.formula}) / ({b.formula})")


MOST_TERMS = 1000
FASTEST = "fastest per layer"


def total(parts):
    formula = " + ".join(p.formula for p in parts) if len(parts) <= MOST_TERMS else (
        f"sum of {len(parts)} terms")
    return Number(sum(p.value for p in parts), formula)


def times(a, b):
    return Number(a.value * b.value, f"{a.formula} * {b.formula}")


class Panel:
    """Rows that may be compared: one machine, instruction set, layout, direction and thread count."""

    def __init__(self, key, rows):
        self.key, self.rows = key, rows
        self.machine, self.isa, self.layout, self.direction, self.threads = key
        self.timed = [row for row in rows if row.is_timed]
        self.layers = group(rows, lambda row: row.label)
        self.fastest = {
            label: min((r for r in members if r.is_timed), key=lambda r: r.median_ms, default=None)
            for label, members in self.layers.items()
        }

    def title(self, several_machines):
        count = int(self.threads)
        text = f"{self.isa}, {self.layout}, {count} thread{'' if count == 1 else 's'}"
        if self.direction not in ("", "forward"):
            text += f", {self.direction}"
        return text + (f" — {self.machine}" if several_machines else "")

    @property
    def peak(self):
        """The median of the peaks that the rows were measured against, GFLOP/s."""
        peaks = sorted(
            r.gflops_executed / r.peak_fraction
            for r in self.timed
            if r.gflops_executed and r.peak_fraction
        )
        return peaks[len(peaks) // 2] if peaks else None


def group(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


class Analysis:
    def __init__(self, results):
        self.results = results
        rows = results.rows
        name_contenders(rows)
        name_layers(rows)
        self.runs = sorted(
            {(r.text("timestamp"), r.text("run_id")): r for r in rows}.items(), key=lambda i: i[0]
        )
        order = {key: place for place, (key, _) in enumerate(self.runs)}
        self.run_of = lambda row: order[(row.text("timestamp"), row.text("run_id"))]
        self.history = group(rows, case_key)
        current = [max(members, key=self.run_of) if len(members) > 1 else members[0]
                   for members in self.history.values()]
        panels = {}
        for key, row in zip(self.history, current):
            panels.setdefault(key[:5], []).append(row)
        self.panels = [Panel(key, members) for key, members in panels.items()]
        self.machines = list(dict.fromkeys(p.machine for p in self.panels))
        self.status = Counter(r.text("status") for r in current)
        self.wrong = [r for r in current if r.text("status") in ("wrong", "failed")]
        self.timed = [r for r in current if r.is_timed]
        # By name, so that one set of backends has one set of colours, whatever ran first.
        self.contenders = sorted({r.contender for r in rows})
        tiles = {tile(r) for r in self.timed if tile(r)}
        self.painted = self.contenders + sorted(tiles - set(self.contenders))
        wins = Counter()
        for panel in self.panels:
            wins.update(r.contender for r in panel.fastest.values() if r)
        self.wins = wins.most_common()

    def scaling(self):
        """Cases measured with several thread counts: (label, contender, conditions) → rows."""
        if len({r.threads for r in self.timed}) < 2:
            return {}
        cases = group(self.timed, lambda r: (r.label, r.contender, *case_key(r)[:4]))
        return {
            key: sorted(members, key=lambda r: r.threads)
            for key, members in cases.items()
            if len({r.threads for r in members}) > 1
        }

    def changes(self):
        """Cases timed in several runs: lists of rows, oldest first, the biggest movers first."""
        cases = []
        for members in self.history.values():
            last = {self.run_of(r): r for r in members if r.is_timed}
            if len(last) > 1:
                cases.append([last[run] for run in sorted(last)])
        return sorted(cases, key=lambda c: -abs(math.log(c[-1].median_ms / c[0].median_ms)))

    def totals(self):
        """Per panel and network: (panel, network, rows of totals, fastest row of each layer)."""
        for panel in self.panels:
            networks = group(
                [r for r in panel.timed if r.text("network")],
                network_name,
            )
            for network, rows in networks.items():
                layers = group(rows, lambda r: r.text("problem"))
                if sum(m[0].multiplicity or 1 for m in layers.values()) < 2:
                    continue
                # What auto takes is one of the others, measured once more.
                best = [
                    min([r for r in m if r.text("backend") != "auto"] or m, key=lambda r: r.median_ms)
                    for m in layers.values()
                ]
                count = sum(r.multiplicity or 1 for r in best)
                contenders = group(rows, lambda r: r.contender)
                sums = [network_sum(name, members) for name, members in contenders.items()]
                if len(sums) > 1:
                    sums.append(network_sum(FASTEST, best))
                sums.sort(key=lambda s: (s[2].value < count, s[1].value))
                yield panel, network, count, sums, best


class Totals:
    """The sums of one network: (contender, Σ median × multiplicity, layers), the fastest first."""

    def __init__(self, sums, count):
        whole = {name: value for name, value, layers in sums if layers.value >= count}
        self.fastest = whole.pop(FASTEST, None)
        self.auto = whole.pop("auto", None)
        # The best that takes all layers: auto is a choice among the others, not one of them.
        self.single = min(whole.items(), key=lambda item: item[1].value, default=(None, None))


def network_sum(name, rows):
    rows = [
        min(members, key=lambda r: r.median_ms)
        for members in group(rows, lambda r: r.text("problem")).values()
    ]
    return (
        name,
        total([times(Number.of(r, "median_ms"), Number.of(r, "multiplicity")) for r in rows]),
        total([Number.of(r, "multiplicity") for r in rows]),
    )


def network_name(row):
    """The network, with its batch if that is not 1."""
    mb = batch(row)
    return row.text("network") + (f" · mb{mb}" if mb != 1 else "")


def batch(row):
    fields = shape(row.text("problem"))
    return fields["mb"] if fields else 1


def tile(row):
    """`winograd-f4`: the tile that Winograd's algorithm used, asked for or chosen; None of other backends."""
    if row.text("backend") != "winograd":
        return None
    forced = row.text("forced_variant") or row.text("variant").split(" ")[0]
    return f"winograd-{forced}" if forced else "winograd"


def direction(row):
    """What is computed, and whether with cold caches: such times are compared with none but each other."""
    return row.text("direction") + (", cold caches" if row.text("cache") == "cold" else "")


def case_key(row):
    text = row.text
    return (
        text("machine"), text("isa"), text("layout"), direction(row), row.threads or 1,
        text("problem"), text("network"), text("layer"), row.contender,
    )


def name_contenders(rows):
    """`backend`, or `backend-variant` where that was asked for, or a run has several on one problem."""
    def place(r):
        return (r.text("run_id"), r.text("problem"), r.text("layer"), r.text("network"),
                r.contender, r.text("isa"), r.text("layout"), r.threads,
                direction(r))

    variants = defaultdict(set)
    for row in rows:
        row.contender = "-".join(filter(None, [row.text("backend"), row.text("forced_variant")]))
        if row.text("variant"):
            variants[place(row)].add(row.text("variant").split()[0])
    several = {key[4] for key, names in variants.items() if len(names) > 1}
    for row in rows:
        if row.contender in several and row.text("variant"):
            row.contender += "-" + row.text("variant").split()[0]


def name_layers(rows):
    """The layer's name, with its network if there are several, its batch if that is not 1."""
    networks = {r.text("network") for r in rows}
    problems = defaultdict(set)
    for row in rows:
        network, layer = row.text("network"), row.text("layer")
        name = layer or row.text("problem")
        if network and layer and len(networks) > 1:
            name = f"{network}-{layer}"
        row.label = name
        problems[name].add(row.text("problem"))
    for row in rows:
        if len(problems[row.label]) > 1:
            mb = batch(row)
            row.label += f" mb{mb}" if mb != 1 else ""
    problems = defaultdict(set)
    for row in rows:
        problems[row.label].add(row.text("problem"))
    for row in rows:
        if len(problems[row.label]) > 1 and row.label != row.text("problem"):
            row.label += " " + row.text("problem")


def intensity(row):
    """Executed FLOP a byte of source, destination, weights and workspace; None if not known."""
    fields = shape(row.text("problem"))
    if not fields or not row.gflops_executed or row.weights_bytes is None:
        return None
    tensors = 4 * fields["mb"] * (
        fields["ic"] * fields["ih"] * fields["iw"] + fields["oc"] * fields["oh"] * fields["ow"]
    )
    moved = tensors + row.weights_bytes + (row.workspace_bytes or 0)
    work = times(Number.of(row, "gflops_executed"), Number.of(row, "median_ms"))
    memory = [Number(tensors, str(tensors)), Number.of(row, "weights_bytes")]
    if row.workspace_bytes is not None:
        memory.append(Number.of(row, "workspace_bytes"))
    if not moved:
        return None
    return Number(
        work.value * 1e6 / moved, f"1e6 * {work.formula} / ({total(memory).formula})"
    )


def memory_mib(row):
    if row.weights_bytes is None or row.workspace_bytes is None:
        return None
    both = total([Number.of(row, "weights_bytes"), Number.of(row, "workspace_bytes")])
    return Number(both.value / 2**20, f"({both.formula}) / 1048576")
