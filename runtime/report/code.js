// The user's lines, the graph before lowering and a kernel's text side by side. Lines that come from
// the same place light up together, whichever of them is pointed at.
views.push({name: "code", title: "Code", draw(section, [wanted, kind]) {
  const texts = {"C++": "cpp_commented", "CUDA": "cuda_commented", "kernel IR": "ir", "LLVM IR": "llvm",
                 "assembly": "assembly", "PTX": "ptx", "remarks": "remarks"};
  const kernel = d.kernels.find(k => k.name === wanted) || d.kernels[0];
  if (!kernel) return section.append(el("p", {}, "There are no kernels."));
  const available = Object.keys(texts).filter(t => kernel[texts[t]]);
  const shown = available.includes(kind) ? kind : available[0];
  const go = (k, t) => { location.hash = `code/${k}/${t}`; };
  section.append(el("div", {class: "tools"},
    el("select", {"aria-label": "kernel", onchange: e => go(e.target.value, shown)}, d.kernels.map(k =>
      el("option", {value: k.name, selected: k === kernel ? "" : undefined}, k.name))),
    el("select", {"aria-label": "text", onchange: e => go(kernel.name, e.target.value)}, available.map(t =>
      el("option", {value: t, selected: t === shown ? "" : undefined}, t))),
    el("span", {class: "quiet"}, kernel.failures.length ? `may fail: ${kernel.failures[0].message}` : "")));
  const columns = el("div", {class: "columns"}, userSource(), graphText(kernel),
    el("div", {}, el("h2", {}, `${kernel.name}, ${shown}`),
       el("pre", {id: "emitted"}, kernel[texts[shown]].split("\n").map((line, i) =>
         codeLine(line, i + 1, {sites: sitesIn(line)})))));
  columns.addEventListener("mouseover", e => light(columns, e.target.closest("[data-sites]"), false));
  columns.addEventListener("click", e => light(columns, e.target.closest("[data-sites]"), true));
  section.append(columns);
}});

// "model.cpp:31 (encoder)" in a comment leads to "model.cpp:31".
const sitesIn = line => {
  const at = line.indexOf("// ");
  return at < 0 ? [] : [...line.slice(at).matchAll(/[^\s,()]+\.\w+:\d+/g)].map(m => m[0]);
};
const place = site => site.replace(/ \(.*$/, "");

function light(columns, line, scroll) {
  const wanted = line ? line.dataset.sites.split("|") : [];
  for (const other of columns.querySelectorAll("[data-sites]"))
    other.classList.toggle("lit", other.dataset.sites.split("|").some(s => wanted.includes(s)));
  if (!scroll || !line) return;
  for (const text of columns.querySelectorAll("pre"))
    if (!text.contains(line)) text.querySelector(".lit")?.scrollIntoView({block: "nearest"});
}

function userSource() {
  const used = new Map();
  for (const stage of d.stages)
    for (const node of stage.nodes)
      for (const site of node.sites.map(place)) {
        const [, file, line] = site.match(/^(.*):(\d+)$/) || [];
        if (file) (used.get(file) || used.set(file, new Set()).get(file)).add(+line);
      }
  const parts = [...used].map(([file, lines]) => {
    const text = d.sources[file];
    const numbers = [...lines].sort((a, b) => a - b);
    const rows = text === undefined ? numbers.map(n => codeLine("", n, {sites: [`${file}:${n}`]}))
      : text.split("\n").map((line, i) => codeLine(line, i + 1, {sites: lines.has(i + 1) ? [`${file}:${i + 1}`] : []}));
    return [el("h2", {}, file), text === undefined
      ? el("p", {class: "quiet"}, "its text was not found; croton dump --sources DIRECTORY says where to look") : "",
      el("pre", {class: "source"}, rows)];
  });
  return el("div", {}, parts.length ? parts.flat() : el("p", {class: "quiet"}, "no lines are known"));
}

function graphText(kernel) {
  const last = d.stages.map(s => s.level).lastIndexOf("grouped");
  const i = last >= 0 ? last : 0;
  const group = d.groups.find(g => g.name === kernel.name);
  const sites = new Map(stageNodes(i).map(n => [n.line, n.sites.map(place)]));
  const own = new Set(stageNodes(i).filter(n => group && n.names.some(name => group.members.includes(name))).map(n => n.line));
  return el("div", {}, el("h2", {}, `graph after ${d.stages[i].name}`),
    el("pre", {id: "ir"}, stageText(i).split("\n").map((line, at) =>
      codeLine(line, at + 1, {sites: sites.get(at + 1) || [], fresh: own.has(at + 1)}))));
}
