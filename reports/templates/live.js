// Asks for the numbers again and again while the page is looked at, and moves the charts. Whatever X sent is put in as text.
const timezone = document.body.dataset.timezone;
const specs = JSON.parse(document.getElementById("charts").textContent);
const by = (id) => document.getElementById(id);
const say = (id, text) => { by(id).textContent = text; };
const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en-US"));
const clock = (value) => (value ? new Date(value).toLocaleTimeString("en-GB", { timeZone: timezone }) : "never");
const ago = (value, now) => {
  if (!value) return "never";
  const seconds = Math.max(0, (new Date(now) - new Date(value)) / 1000);
  return seconds < 90 ? `${Math.round(seconds)} s ago` : seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
};
let views = {};
let latest = null;

async function draw() {
  for (const [id, spec] of Object.entries(specs)) {
    const { view } = await window.vegaEmbed(by(id), spec, {
      actions: false, renderer: "svg", config: window.chartConfig(false), logLevel: 1,
    });
    views[id] = view;
  }
  if (latest) await move(latest);
}

// Steps without a post are zeros: the chart goes on while nothing comes. Times are shifted so that they read in the asked zone.
function steps(data) {
  const known = new Map((data.steps || []).map((row) => [Math.round(new Date(row.step) / 1000), row]));
  const last = Math.floor(new Date(data.now) / 1000 / data.step) * data.step;
  const zone = (seconds) => {
    const shown = new Date(new Date(seconds * 1000).toLocaleString("en-US", { timeZone: timezone }));
    return shown.getTime();
  };
  return Array.from({ length: 60 }, (_, n) => {
    const at = last - (59 - n) * data.step;
    const row = known.get(at) || { posts: 0, n: 0, sentiment: null };
    return { step: zone(at), end: zone(at) + data.step * 1000, posts: row.posts, n: row.n, sentiment: row.sentiment };
  });
}

async function move(data) {
  const rows = { rate: steps(data), mood: steps(data), hashtags: (data.hashtags || []).map((row, rank) => ({ ...row, rank })) };
  for (const [id, view] of Object.entries(views)) {
    await view.data("rows", rows[id]).resize().runAsync();
  }
  return rows;
}

function tell(data, rows) {
  for (const id of ["total_posts", "no_retweets", "received", "loaded", "filtered", "rejected", "gaps_open"]) say(id, number(data[id]));
  const recent = rows.rate.slice(-13, -1);
  say("rate_of", `posts per minute, last ${Math.max(1, Math.round(recent.length * data.step / 60))} min`);
  say("per_minute", number(Math.round(recent.reduce((sum, row) => sum + row.posts, 0) / (recent.length * data.step) * 600) / 10));
  say("sentiment", data.sentiment === null ? "–" : (data.sentiment >= 0 ? "+" : "") + data.sentiment.toFixed(2));
  say("n_sentiment", data.n_sentiment ? `of ${number(data.n_sentiment)}` : "");
  say("dollars_today", data.dollars_today === null ? "–" : `$${data.dollars_today.toFixed(2)}`);
  say("credit", data.credit_dollars === null ? "–" : `$${data.credit_dollars.toFixed(2)}`);
  const lasts = [[data.credit_days, "days at the present rate"], [data.cap_days, "days to X's cap"]];
  say("credit_days", lasts.filter(([days]) => days !== null).map(([days, words]) => `${days.toFixed(1)} ${words}`).join(", "));
  by("credit").className = data.credit_days !== null && data.credit_days < 3 ? "bad" : "";
  say("ingester", ago(data.ingester_told_at, data.now));
  by("rejected").className = data.rejected ? "bad" : "";
  by("gaps_open").className = data.gaps_open ? "bad" : "good";
  say("state", `as of ${clock(data.now)}, last post ${ago(data.last_post_at, data.now)}`);
  say("cost", data.embedded
    ? `${number(data.queries)} queries of the embedded BigQuery, the last took ${data.took.toFixed(2)} s.`
    : `${number(data.queries)} queries have cost $${data.dollars_of_queries.toFixed(4)} (${number(Math.round(data.bytes_billed / 2 ** 20))} MiB billed), one each ${data.refresh} s while somebody looks.`);
  by("latest").replaceChildren(...(data.latest || []).map((post) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = /^[0-9]{1,19}$/.test(post.id) ? `https://x.com/i/status/${post.id}` : "#";
    link.rel = "noopener noreferrer";
    link.target = "_blank";
    link.textContent = `@${post.user_username || "?"}`;
    const text = document.createElement("bdi");
    text.textContent = (post.text || "").slice(0, 280);
    const when = document.createElement("time");
    when.textContent = clock(post.received_at);
    item.append(link, " ", when, document.createElement("br"), text);
    return item;
  }));
}

async function ask() {
  try {
    const answer = await fetch("now.json", { cache: "no-store" });
    return await answer.json();
  } catch (error) {
    return { error: `The page's own server does not answer. Is scripts/reports serve still running? (${error.message})` };
  }
}

async function look() {
  const data = await ask();
  by("error").hidden = !data.error;
  say("error", data.error || "");
  if (data.now) {
    latest = data;
    tell(data, await move(data));
    document.body.classList.add("drawn");
  }
  document.body.dataset.looks = Number(document.body.dataset.looks || 0) + 1;
  setTimeout(() => (document.hidden ? document.addEventListener("visibilitychange", look, { once: true }) : look()), (data.refresh || 5) * 1000);
}

await draw();
window.onThemeChange(draw);
look();
