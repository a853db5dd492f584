// Draws the figures in the colours of the reader's theme; redraws when that, or the width, changes.
'use strict';

const palette = {
  light: ['#0072b2', '#c25700', '#00805e', '#a3478a', '#8a6d00', '#5b5fc7', '#b3261e', '#4d5966'],
  dark: ['#56b4e9', '#f0883e', '#2fc79a', '#e08ec6', '#e0c341', '#a5a8ff', '#ff8a80', '#b6c2cf'],
};
const symbols = ['circle', 'square', 'diamond', 'triangle-up', 'cross', 'x', 'star', 'triangle-down'];
const shapes = [
  '<circle cx="5" cy="5" r="4.5"/>', '<path d="M1 1h8v8h-8z"/>', '<path d="M5 0l5 5-5 5-5-5z"/>',
  '<path d="M5 0l5 9H0z"/>', '<path d="M3.5 0h3v3.5H10v3H6.500V10h-3V6.500H0v-3h3.500z"/>',
  '<path d="M0 2l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z"/>',
  '<path d="M5 0l1.500 3.500H10L7.200 6l1 4L5 7.700 1.800 10l1-4L0 3.500h3.500z"/>', '<path d="M0 1h10L5 10z"/>',
];
const SHEET = 800; // pixels of a printed page that a chart may take
const darkQuery = matchMedia('(prefers-color-scheme: dark)');
let printing = false;

const themeName = () => (darkQuery.matches && !printing ? 'dark' : 'light');
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const place = (contender) => report.contenders.indexOf(contender);
const color = (contender) => {
  const index = place(contender);
  return index < 0 ? css('--text') : palette[themeName()][index % 8];
};

// Beyond eight the colours come again with other symbols.
const symbol = (contender) => {
  const index = Math.max(0, place(contender));
  return (index + Math.floor(index / 8)) % 8;
};

function styledTrace(trace, hidden) {
  if (trace.roof) return { ...trace, showlegend: false, line: { ...trace.line, color: css('--faint') } };
  const own = color(trace.contender);
  return {
    ...trace,
    visible: !hidden.has(trace.contender),
    marker: { ...trace.marker, color: own, size: 8, symbol: symbols[symbol(trace.contender)] },
    line: { color: own, width: 1.5 },
    ...(trace.error_x && { error_x: { ...trace.error_x, color: css('--text') } }),
  };
}

function styledLayout(layout, width) {
  const [text, line] = [css('--text'), css('--line')];
  const axis = (own) => ({
    gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, fixedrange: true, ...own,
  });
  return {
    ...layout,
    width,
    annotations: (layout.annotations || []).map((a) => ({
      ...a, font: { ...a.font, color: text }, bgcolor: css('--back'), opacity: .85,
    })),
    shapes: (layout.shapes || []).map((s) => ({ ...s, line: { color: css('--faint'), width: 1.5 } })),
    xaxis: axis(layout.xaxis),
    yaxis: axis(layout.yaxis),
    showlegend: false,
    hovermode: 'closest',
    margin: { l: 48, r: 16, t: 16, b: 44 },
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: 'system-ui, "DejaVu Sans", sans-serif', size: 12, color: text },
  };
}

const charts = [...document.querySelectorAll('.chart')].map((node, index) => ({
  node, figure: report.figures[index], hidden: new Set(), legend: node.previousElementSibling,
}));

function drawLegend(chart) {
  const names = [...new Set(chart.figure.data.map((t) => t.contender).filter(Boolean))]
    .sort((a, b) => place(a) - place(b));
  chart.legend.replaceChildren(...names.map((name) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', String(!chart.hidden.has(name)));
    button.innerHTML =
      `<svg viewBox="0 0 10 10" fill="${color(name)}" aria-hidden="true">${shapes[symbol(name)]}</svg>`;
    button.append(name);
    button.onclick = () => {
      if (!chart.hidden.delete(name)) chart.hidden.add(name);
      draw(chart);
    };
    return button;
  }));
}

function draw(chart) {
  const width = printing ? 660 : chart.node.clientWidth;
  const own = chart.figure.layout;
  const height = printing ? Math.min(own.height, SHEET) : own.height;
  chart.node.style.height = `${height}px`;
  drawLegend(chart);
  return Plotly.react(
    chart.node, chart.figure.data.map((t) => styledTrace(t, chart.hidden)),
    styledLayout({ ...own, height }, width), { displayModeBar: false, responsive: false });
}

// What is folded away is drawn when it is opened.
const drawAll = () => charts.filter((c) => !c.node.closest('details:not([open])')).forEach(draw);
document.querySelectorAll('details.part').forEach((part) => part.addEventListener(
  'toggle', () => charts.filter((c) => part.open && part.contains(c.node)).forEach(draw)));

// Tables that fit a few sheets are opened for print.
let opened = [];
function beforePrint() {
  printing = true;
  opened = [...document.querySelectorAll('details:not([open])')]
    .filter((d) => d.querySelectorAll('tr').length <= 200);
  opened.forEach((d) => { d.open = true; });
  drawAll();
}
function afterPrint() {
  printing = false;
  opened.forEach((d) => { d.open = false; });
  drawAll();
}

let width = innerWidth;
addEventListener('resize', () => {
  if (innerWidth === width || printing) return;
  width = innerWidth;
  drawAll();
});
addEventListener('beforeprint', beforePrint);
addEventListener('afterprint', afterPrint);
darkQuery.addEventListener('change', drawAll);
drawAll();
