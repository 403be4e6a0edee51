// Shows the page.

charted.append(make("option", { value: "" }, "all builds"), ...data.rules.rows.filter((rule) => rule.charts)
  .map((rule) => make("option", { value: rule.id }, rule.id)));
charted.addEventListener("change", () => drawCharts());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawCharts());
addEventListener("beforeprint", () => drawCharts(true));
addEventListener("afterprint", () => drawCharts());

overview();
tables();
idle();
// The charts come after the first paint.
requestAnimationFrame(() => setTimeout(drawCharts));
