// The charts.

const BARS = 10;
let drawn = [];
const charted = byId("charted");
const short = (name) => (name.length > 22 ? `${name.slice(0, 21)}…` : name);

function numbersOf(rule) {
  const top = (rows) => rows.slice(0, BARS).map((row) => [row.name, row.builds, row.stopped]);
  if (!rule) {
    const days = data.days.names.map((_, index) => [index, data.days.builds[index], data.days.stopped[index]]);
    return { days, projects: top(data.projects.rows), initiators: top(data.initiators.rows) };
  }
  return rule.charts;
}

function drawCharts(light = false) {
  drawn.forEach((chart) => chart.destroy());
  const style = getComputedStyle(document.documentElement);
  const color = (name, printed) => (light ? printed : style.getPropertyValue(name).trim());
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = color("--text", "#000");
  Chart.defaults.borderColor = color("--line", "#bbb");
  const colors = [color("--stopped", "#c2410c"), color("--rest", "#8fa3bf")];

  const rule = rules.get(charted.value);
  const { days, projects, initiators } = numbersOf(rule);
  const names = rule ? ["broken and stopped", "broken, not stopped"] : ["stopped", "not stopped"];
  const what = rule ? `Builds that break ${rule.id}` : "Builds";
  const byDay = data.days.names.map((name) => [name, 0, 0]);
  days.forEach(([index, all, stopped]) => { byDay[index] = [data.days.names[index], all, stopped]; });
  const broken = data.rules.rows.filter((row) => row.broken).slice(0, BARS)
    .map((row) => [row.id, row.broken, row.enforced]);

  const figures = [
    ["day", `${what} by day`, byDay, names, "x"],
    ["rule", "Broken rules", broken, ["enforced", "report only"], "y"],
    ["project", `${what} by project`, projects, names, "y"],
    ["initiator", `${what} by initiator`, initiators, names, "y"],
  ];
  const parts = figures.map(([filter, title, rows, labels, axis]) => {
    const words = (filter === "day" ? [] : rows)
      .map(([name, all, first]) => `${name}: ${count(all)}, ${labels[0]} ${count(first)}`);
    const canvas = make("canvas", { role: "img", "aria-label": `${title}. ${words.join("; ")}` });
    const figure = make("figure", { class: filter === "day" ? "wide" : "" },
      make("figcaption", {}, title), make("div", { class: "canvas" }, canvas));
    return { filter, rows, labels, axis, canvas, figure };
  });
  byId("charts").replaceChildren(...parts.map(({ figure }) => figure));
  drawn = parts.map(({ filter, rows, labels, axis, canvas }) => new Chart(canvas, {
    type: "bar",
    data: {
      labels: rows.map(([name]) => name),
      datasets: [rows.map((row) => row[2]), rows.map((row) => row[1] - row[2])].map((numbers, index) => (
        { label: labels[index], data: numbers, backgroundColor: colors[index], maxBarThickness: 26 })),
    },
    options: {
      indexAxis: axis,
      onClick: (_, [bar]) => bar && showBuilds({ [filter]: rows[bar.index][0] }),
      interaction: { mode: "index", axis, intersect: false },
      plugins: { legend: { position: "bottom", labels: { boxWidth: 12 } } },
      scales: {
        [axis]: {
          stacked: true, grid: { display: false },
          ticks: {
            autoSkip: axis === "x", autoSkipPadding: 16, maxRotation: 0,
            callback(index) { return short(this.getLabelForValue(index)); },
          },
        },
        [axis === "x" ? "y" : "x"]: {
          stacked: true, beginAtZero: true, ticks: { precision: 0, maxRotation: 0, autoSkipPadding: 12 },
        },
      },
    },
  }));
}
