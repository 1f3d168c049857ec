// Colours of the charts, light and dark, as charts/theme.py has them; the page's own are in style.css.
const themes = JSON.parse(document.getElementById("themes").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
window.chartConfig = (printing) => (dark.matches && !printing ? themes.dark : themes.light);
window.onThemeChange = (redraw) => dark.addEventListener("change", redraw);
