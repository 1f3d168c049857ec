// Colours of the charts, light and dark; the page's own are in style.css.
const PALETTE = ["#3a7ca5", "#e9a03b", "#2a9d8f", "#81559b", "#d1495b", "#7f8c8d"];
const theme = (ink, faint, grid) => ({
  background: "transparent",
  font: "system-ui, Segoe UI, Roboto, Noto Sans, sans-serif",
  axis: { labelColor: faint, titleColor: faint, gridColor: grid, domainColor: grid, tickColor: grid, titleFontWeight: "normal",
          labelFontSize: 11, titleFontSize: 11 },
  axisX: { grid: false, labelFlush: true, labelOverlap: true },
  legend: { labelColor: ink, titleColor: faint, orient: "top", titleFontWeight: "normal", symbolType: "square" },
  text: { color: faint, fill: faint },
  bar: { color: PALETTE[0] }, line: { color: PALETTE[0] }, area: { color: PALETTE[0] },
  range: { category: PALETTE },
  view: { stroke: null },
});
const LIGHT = theme("#1d2733", "#5b6776", "#e3e7ec");
const DARK = theme("#e6ebf1", "#98a5b3", "#2c3642");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
window.chartConfig = (printing) => (dark.matches && !printing ? DARK : LIGHT);
window.onThemeChange = (redraw) => dark.addEventListener("change", redraw);
