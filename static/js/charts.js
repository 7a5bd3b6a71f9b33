// Draws <canvas data-chart="id">, from the <script type="application/json" id="id"> that Django's json_script wrote:
//   {"type": "line", "unit": "%", "max": 100,
//    "series": [{"label": "Remplissage", "points": [["2026-01-31", 42], …]}, {"label": "Prévision", "dashed": true, …}],  "dots": true draws points alone
//               {"label": "Fourchette", "band": [["2026-01-31", low, high], …]} fills what lies between two courses
//    "thresholds": [{"label": "Alerte", "value": 80}],
//    "direct": true}   each course is named at its end, each threshold at its line: no legend
//   {"type": "bar", "labels": ["PER", …], "values": [12, …]}      one series, or for bars several:
//   {"type": "bar", "stacked": true, "labels": […], "series": [{"label": "Actives", "values": […], "tone": 5}, …]}
//   "tone": the colour of the tokens, where the next one in turn would say the wrong thing
"use strict";

// The colours of tokens.css, as the page's scheme resolves them; read anew where the device changes it.
const TOKENS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6", "--chart-7", "--chart-8"];
let COLOURS, THRESHOLD, INK, SURFACE;

function readColours() {
  const probe = document.body.appendChild(document.createElement("span"));
  const read = (token) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  COLOURS = TOKENS.map(read);
  THRESHOLD = read("--fill-full");
  INK = read("--ink");
  SURFACE = read("--chart-surface");
  Chart.defaults.color = read("--plain-ink");
  Chart.defaults.borderColor = read("--chart-grid");
  probe.remove();
}

// "rgb(1, 2, 3)" lets so much through.
const clear = (colour, share) => colour.replace("rgb(", "rgba(").replace(")", `, ${share})`);

const day = new Intl.DateTimeFormat("fr-FR", { day: "numeric", month: "short", year: "numeric" });
const number = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });

const withUnit = (value, unit) => (unit ? `${number.format(value)}\u00a0${unit}` : number.format(value));

// Names each course where it ends, and each threshold at the left; of two names that would cover each other, the second
// moves down.
const DIRECT = {
  id: "direct",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea } = chart;
    const names = chart.data.datasets.flatMap(({ label, isThreshold }, i) => {
      const points = chart.getDatasetMeta(i).data;
      if (!label || points.length === 0) return [];
      const { x, y } = points[isThreshold ? 0 : points.length - 1];
      return [{ label, x, y: y - 6, isThreshold, colour: isThreshold ? THRESHOLD : INK }];
    });
    ctx.save();
    ctx.font = "12px system-ui, sans-serif";
    ctx.strokeStyle = SURFACE;
    ctx.lineWidth = 4;
    for (const [isThreshold, align] of [[true, "left"], [false, "right"]]) {
      let free = chartArea.top + 10;
      ctx.textAlign = align;
      for (const one of names.filter((name) => Boolean(name.isThreshold) === isThreshold).sort((a, b) => a.y - b.y)) {
        free = Math.max(one.y, free);
        const x = isThreshold ? chartArea.left + 4 : Math.min(one.x, chartArea.right - 2);
        ctx.strokeText(one.label, x, free); // what passes behind the name is wiped out
        ctx.fillStyle = one.colour;
        ctx.fillText(one.label, x, free);
        free += 14;
      }
    }
    ctx.restore();
  },
};

function line({ series, thresholds = [], unit, max, direct = false }) {
  const points = (list) => list.map(([date, value]) => ({ x: Date.parse(date), y: value }));
  const course = ({ label, points: list, dashed, dots }, i) => ({
    label,
    data: points(list),
    borderColor: COLOURS[i % COLOURS.length],
    backgroundColor: COLOURS[i % COLOURS.length],
    borderDash: dashed ? [6, 4] : [],
    showLine: !dots,
    pointRadius: dots ? 4 : list.length > 60 ? 0 : 2,
    tension: 0,
  });
  // In the colour of the series before it. Two courses; the first one, nameless, is the edge that the other fills up to.
  const band = ({ label, band: list }, i) => {
    const colour = COLOURS[(i - 1) % COLOURS.length];
    const edge = { borderColor: clear(colour, 0.4), borderWidth: 1, pointRadius: 0, tension: 0 };
    return [
      { ...edge, label: "", data: points(list.map(([date, low]) => [date, low])), fill: false },
      {
        ...edge,
        label,
        data: points(list.map(([date, , high]) => [date, high])),
        backgroundColor: clear(colour, 0.2),
        fill: "-1",
      },
    ];
  };
  const datasets = series.flatMap((one, i) => (one.band ? band(one, i) : course(one, i)));
  const times = datasets.flatMap(({ data }) => data.map(({ x }) => x));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  for (const { label, value } of thresholds) {
    datasets.push({
      label: `${label} (${withUnit(value, unit)})`,
      isThreshold: true,
      data: [{ x: first, y: value }, { x: last, y: value }],
      borderColor: THRESHOLD,
      backgroundColor: THRESHOLD,
      borderWidth: 1,
      borderDash: [2, 2],
      pointRadius: 0,
    });
  }
  return {
    data: { datasets },
    plugins: direct ? [DIRECT] : [],
    options: {
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        // Linear over milliseconds: true distances between dates, without a date library.
        x: { type: "linear", min: first, max: last, ticks: { maxTicksLimit: 8, callback: (ms) => day.format(ms) } },
        y: { beginAtZero: true, max, ticks: { callback: (value) => withUnit(value, unit) } },
      },
      plugins: {
        legend: { display: !direct, labels: { usePointStyle: true, pointStyle: "line", filter: ({ text }) => text !== "" } },
        tooltip: {
          filter: ({ dataset }) => dataset.label !== "",
          callbacks: {
            title: ([item]) => day.format(item.parsed.x),
            label: ({ dataset, parsed }) => `${dataset.label} : ${withUnit(parsed.y, unit)}`,
          },
        },
      },
    },
  };
}

// A label as long as a service's name would leave no room to the bars; its bar tells it whole when pointed at.
function inShort(value) {
  const label = this.getLabelForValue(value);
  return label.length > 18 ? `${label.slice(0, 17)}…` : label;
}

function bar({ labels, values, series = [{ label: "", values }], unit, stacked = false }) {
  return {
    data: {
      labels,
      datasets: series.map(({ label, values: list, tone }, i) => ({
        label,
        data: list,
        backgroundColor: COLOURS[((tone ?? i + 1) - 1) % COLOURS.length],
        maxBarThickness: 96,
      })),
    },
    options: {
      scales: {
        x: { stacked, ticks: { maxRotation: 60, callback: inShort } },
        y: { stacked, beginAtZero: true, ticks: { precision: 0, callback: (value) => withUnit(value, unit) } },
      },
      plugins: { legend: { display: series.length > 1 } },
    },
  };
}

const KINDS = { line, bar };

function draw(canvas) {
  const asked = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const { data, options, plugins = [] } = KINDS[asked.type](asked);
  Chart.getChart(canvas)?.destroy();
  new Chart(canvas, { type: asked.type, data, plugins, options: { responsive: true, maintainAspectRatio: false, ...options } });
}

const drawAll = (root) => root.querySelectorAll("canvas[data-chart]").forEach(draw);

if (matchMedia("(prefers-reduced-motion: reduce)").matches) Chart.defaults.animation = false;
Chart.defaults.locale = "fr-FR";
readColours();
drawAll(document);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColours();
  drawAll(document);
});
document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
