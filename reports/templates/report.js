// Draws each chart of the page from the JSON block beside it, again when the colour scheme changes and for paper.
const charts = JSON.parse(document.getElementById("charts").textContent);
const small = (spec) => ({ ...spec, height: Math.min(spec.height, 150) });
const draw = (printing) =>
  Promise.all([...document.querySelectorAll(".chart")].map((place) => {
    const [, kind, name] = place.id.match(/^(chart|glance)-(.*)$/);
    return window.vegaEmbed(place, kind === "glance" ? small(charts.glance[name]) : charts.chart[name], {
      actions: false, renderer: "svg", config: window.chartConfig(printing), logLevel: 1,
    }).then(({ view }) => { if (kind === "chart") window.views = { ...window.views, [name]: view }; });
  }));
draw(false).then(() => document.body.classList.add("drawn"));
window.onThemeChange(() => draw(false));
window.addEventListener("beforeprint", () => draw(true));
window.addEventListener("afterprint", () => draw(false));

// Sections open and close. A closed one keeps its width, so that its charts are drawn and print.
const groups = [...document.querySelectorAll(".group")];
const setOpen = (group, open) => {
  group.classList.toggle("closed", !open);
  group.querySelector("h2 button").setAttribute("aria-expanded", open);
};
const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const group = target && target.closest(".group");
  if (!group) return;
  setOpen(group, true);
  target.scrollIntoView();
};
const everything = document.getElementById("open-all");
everything.addEventListener("click", () => {
  const open = groups.some((group) => group.classList.contains("closed"));
  groups.forEach((group) => setOpen(group, open));
  everything.textContent = open ? "Close all" : "Open all";
});
groups.forEach((group) => {
  setOpen(group, groups.length <= 2);
  group.querySelector("h2 button").addEventListener("click", () => setOpen(group, group.classList.contains("closed")));
});
window.addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => { if (event.target.closest('a[href^="#"]')) setTimeout(reveal); });
reveal();

// The reader: the sample, as far as the filters let it. Texts are strangers': they are set as text, never as HTML.
const posts = JSON.parse(document.getElementById("posts").textContent);
const reader = document.getElementById("reader");
const element = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text, ...more });
const mood = (value) => (value === null ? "none" : value > 0.05 ? "positive" : value < -0.05 ? "negative" : "neutral");

function passes(post, wanted) {
  const day = post.posted_at.slice(0, 10);
  return (!wanted.text || post.text.toLowerCase().includes(wanted.text.toLowerCase()))
    && (!wanted.since || day >= wanted.since) && (!wanted.until || day <= wanted.until)
    && (!wanted.rule || post.rules.includes(wanted.rule)) && (!wanted.lang || post.lang === wanted.lang)
    && (!wanted.sentiment || mood(post.sentiment) === wanted.sentiment);
}

function item(post) {
  const about = element("div", "", { className: "about" });
  about.append(element("time", post.posted_at.replace("T", " ").slice(0, 16)), " · ");
  if (post.username) about.append(element("bdi", `@${post.username}`), " · ");
  about.append(post.language);
  if (post.sentiment !== null) about.append(` · ${post.sentiment > 0 ? "+" : ""}${post.sentiment.toFixed(2)}`);
  if (post.link) about.append(" · ", element("a", "on X", { href: post.link, target: "_blank", rel: "noopener noreferrer" }));
  const li = document.createElement("li");
  li.append(about, element("bdi", post.text, { className: "text" }));
  return li;
}

function read() {
  const wanted = Object.fromEntries(new FormData(reader.querySelector("form")));
  const found = posts.filter((post) => passes(post, wanted));
  document.getElementById("reader-count").textContent = `${found.length} of the ${posts.length} posts of the sample`;
  document.getElementById("reader-posts").replaceChildren(...found.map(item));
}

if (reader && posts.length) {
  const choices = (name, values) => reader.querySelector(`[name=${name}]`).append(...values.map(([value, text]) => element("option", text, { value })));
  choices("rule", [...new Set(posts.flatMap((post) => post.rules))].sort().map((rule) => [rule, rule]));
  choices("lang", [...new Map(posts.map((post) => [post.lang, post.language]))].sort((a, b) => a[1].localeCompare(b[1])));
  const form = reader.querySelector("form");
  form.addEventListener("input", read);
  form.addEventListener("submit", (event) => event.preventDefault());
  reader.hidden = false;
  read();
}
