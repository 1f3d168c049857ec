// Draws each chart of the page from the JSON block beside it, again when the colour scheme changes and for paper.
const charts = JSON.parse(document.getElementById("charts").textContent);
const draw = (printing) =>
  Promise.all(Object.entries(charts).map(([name, spec]) =>
    window.vegaEmbed(document.getElementById(`chart-${name}`), spec, {
      actions: false, renderer: "svg", config: window.chartConfig(printing), logLevel: 1,
    }).then(({ view }) => { window.views = { ...window.views, [name]: view }; })));
draw(false).then(() => document.body.classList.add("drawn"));
window.onThemeChange(() => draw(false));
window.addEventListener("beforeprint", () => { draw(true); document.querySelectorAll("details.rows").forEach((d) => { d.open = true; }); });
window.addEventListener("afterprint", () => draw(false));
