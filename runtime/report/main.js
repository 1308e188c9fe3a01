// The frame: views are functions that draw into an element; the address says which is shown.
let data, d;  // the report and its description, once they are unpacked

/** The report: JSON, compressed as zlib does, in base64. */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), c => c.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(plain).text());
}

/** An element with attributes and children; text is never read as markup. */
function el(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "text", "path", "line", "circle", "title"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag)
                   : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children.flat()) node.append(child);
  return node;
}

const digits = n => String(n >= 100 ? Math.round(n) : +n.toPrecision(3));
function scaled(n, units, step) {
  let at = 0;
  while (Math.abs(n) >= step * .9995 && at + 1 < units.length) { n /= step; ++at; }
  return digits(n) + units[at];
}
const bytes = n => scaled(n, [" B", " KiB", " MiB", " GiB", " TiB"], 1024);
const count = n => scaled(n, ["", " k", " M", " G", " T"], 1000);
const duration = seconds => seconds < 1e-3 ? `${digits(1e6 * seconds)} µs`
  : seconds < 1 ? `${digits(1e3 * seconds)} ms` : `${digits(seconds)} s`;

/** A chart whose letters keep their size: one unit is one pixel, unless the window becomes narrower. */
const svgChart = (width, height, label) => el("svg", {class: "chart", width, height, viewBox: `0 0 ${width} ${height}`,
                                                      role: "img", "aria-label": label});
/** As much of a text as has room in so many pixels, at 11 pixels a letter's height. */
const shortened = (text, room) => text.length * 6.7 <= room ? text : room < 30 ? "" : text.slice(0, room / 6.7 - 1) + "…";

/** "7840 × n" with its value for the dims of the report. */
const quantity = (q, show) => el("span", {title: q.formula}, show(q.value));

const stageText = i => { while (i > 0 && !d.stages[i].changed) --i; return d.stages[i].text; };
const stageNodes = i => { while (i > 0 && !d.stages[i].changed) --i; return d.stages[i].nodes; };

/** What a rule that fired does, and what it may change. */
const ruleText = name => d.rules[name] ? d.rules[name].text : "";
const ruleEffects = name => d.rules[name] ? `may change ${d.rules[name].effects.replace(/_/g, " ")}` : "";

/** Rows of a table: headings say "number" by ending in '#'. */
function table(headings, rows) {
  const cell = (tag, heading, content) =>
    el(tag, {class: heading.endsWith("#") ? "number" : undefined}, content);
  return el("table", {},
    el("thead", {}, el("tr", {}, headings.map(h => cell("th", h, h.replace(/#$/, ""))))),
    el("tbody", {}, rows.map(row => el("tr", {}, row.map((c, i) => cell("td", headings[i], c))))));
}

const views = [];  // {name, title, draw(element, rest of the address)}

function show() {
  const [name, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  const view = views.find(v => v.name === name) || views[0];
  for (const button of document.querySelectorAll("#views button"))
    button.setAttribute("aria-selected", button.dataset.view === view.name);
  const section = el("section", {"data-view": view.name});
  document.getElementById("main").replaceChildren(section);
  view.draw(section, rest);
}

async function start() {
  try {
    data = await unpack(document.getElementById("data").textContent);
  } catch (error) {
    document.getElementById("about").textContent =
      `This report is damaged, or the browser is older than reports (2023): ${error.message}. ` +
      "croton dump prints the same as text.";
    return;
  }
  d = data.description;
  document.title = `${d.name}: croton report`;
  document.getElementById("title").textContent = d.name;
  const dims = Object.entries(d.dims).map(([n, v]) => `${n} = ${v}`).join(", ");
  document.getElementById("about").textContent =
    `${d.origin} · ${d.target} · ${d.math}${dims ? " · sizes for " + dims : ""}`;
  document.getElementById("views").append(...views.map(v =>
    el("button", {role: "tab", "data-view": v.name, onclick: () => { location.hash = v.name; }},
       v.title)));
  addEventListener("hashchange", show);
  show();
}
