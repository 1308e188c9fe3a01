// The user's lines, the graph before lowering and a kernel's text side by side. Lines that come from
// the same place light up together, whichever of them is pointed at.
const kTexts = {  // what a kernel has: its field and its language
  "C++": ["cpp_commented", "cpp"], "CUDA": ["cuda_commented", "cpp"], "kernel IR": ["ir", "ir"],
  "LLVM IR": ["llvm", "assembly"], "assembly": ["assembly", "assembly"], "PTX": ["ptx", "assembly"],
  "remarks": ["remarks", "plain"]};

views.push({name: "code", title: "Code", draw(section, [wanted, kind]) {
  const kernel = d.kernels.find(k => k.name === wanted) || d.kernels[0];
  if (!kernel) return section.append(el("p", {}, "There are no kernels."));
  const available = Object.keys(kTexts).filter(t => kernel[kTexts[t][0]]);
  const shown = available.includes(kind) ? kind : available[0];
  const [field, language] = kTexts[shown];
  const go = (k, t) => { location.hash = `code/${k}/${t}`; };
  section.append(el("div", {class: "tools"},
    el("select", {"aria-label": "kernel", onchange: e => go(e.target.value, shown)}, d.kernels.map(k =>
      el("option", {value: k.name, selected: k === kernel ? "" : undefined}, k.name))),
    el("select", {"aria-label": "text", onchange: e => go(kernel.name, e.target.value)}, available.map(t =>
      el("option", {value: t, selected: t === shown ? "" : undefined}, t))),
    el("span", {class: "quiet"}, "point at a line to see what comes from the same place, click to bring it into view",
       kernel.assembly ? "" : "; croton dump --html adds the assembly"),
    [...new Set(kernel.failures.map(failure => `may fail: ${failure.message.replace(/\{\d+\}/g, "…")}`
      + (failure.sites.length ? ` (${failure.sites.join(", ")})` : "")))].map(said => el("span", {class: "quiet"}, said))));
  const graph = graphText(kernel);
  const own = new Set(graph.lines.filter(line => line.fresh).flatMap(line => line.sites));
  const sources = userSources(own);
  const emitted = codeBlock(kernel[field].split("\n").map(text => ({text, sites: sitesIn(text)})), language, {id: "emitted"});
  const blocks = [...sources.map(source => source.block), graph.block, emitted];
  const columns = el("div", {class: "columns"},
    el("div", {}, sources.length ? sources.flatMap(source => source.parts) : el("p", {class: "quiet"}, "no lines are known")),
    el("div", {}, el("h2", {}, `graph after ${graph.stage}`), graph.block),
    el("div", {}, el("h2", {}, `${kernel.name}, ${shown}`), emitted));
  const light = scroll => e => {
    const line = e.target.closest("[data-sites]"), sites = line ? line.dataset.sites.split("|") : [];
    for (const block of blocks) {
      const first = block.light(sites);
      if (scroll && first >= 0 && !block.contains(line)) block.show(first);
    }
  };
  columns.addEventListener("mouseover", light(false));
  columns.addEventListener("click", light(true));
  section.append(columns);
  emitted.show(kernel[field].split("\n").findIndex(line => /^(kernel:|define )/.test(line)));  // after its data
  graph.block.show(graph.lines.findIndex(line => line.fresh));
  for (const source of sources) source.block.show(source.first);
}});

// "model.cpp:31 (encoder)" in a comment leads to "model.cpp:31".
const sitesIn = line => {
  const at = line.indexOf("// ");
  return at < 0 ? [] : [...line.slice(at).matchAll(/[^\s,()]+\.\w+:\d+/g)].map(m => m[0]);
};
const place = site => site.replace(/ \(.*$/, "");

/** The files that sites name; `own` are the kernel's sites, whose file comes first. */
function userSources(own) {
  const used = new Map();
  for (const stage of d.stages)
    for (const node of stage.nodes)
      for (const site of node.sites.map(place)) {
        const [, file, line] = site.match(/^(.*):(\d+)$/) || [];
        if (file) (used.get(file) || used.set(file, new Set()).get(file)).add(+line);
      }
  const isOwn = ([file, lines]) => [...lines].some(line => own.has(`${file}:${line}`));
  return [...used].sort((a, b) => isOwn(b) - isOwn(a)).map(([file, known]) => {
    const text = d.sources[file], numbers = [...known].sort((a, b) => a - b);
    const all = text === undefined ? numbers.map(n => ({text: `${file}:${n}`, sites: [`${file}:${n}`]}))
      : text.split("\n").map((line, i) => ({text: line, sites: known.has(i + 1) ? [`${file}:${i + 1}`] : []}));
    const block = codeBlock(all, file.endsWith(".ctir") ? "ir" : "cpp", {class: "source"});
    const name = file.replace(/^.*\//, "");
    return {block, first: all.findIndex(line => line.sites.some(site => own.has(site))), parts: [
      el("h2", {title: file}, name),
      text === undefined ? el("p", {class: "quiet"}, "its text was not found; croton dump --html --sources DIRECTORY says where to look") : "",
      block]};
  });
}

/** The last graph, with what the kernel computes as its fresh lines. */
function graphText(kernel) {
  const i = Math.max(0, d.stages.map(s => s.level).lastIndexOf("grouped"));
  const group = d.groups.find(g => g.name === kernel.name);
  const members = new Set(group ? group.members : []);
  const nodes = new Map(stageNodes(i).map(n => [n.line, n]));
  const lines = stageText(i).split("\n").map((text, at) => {
    const node = nodes.get(at + 1);
    return {text, sites: node ? node.sites.map(place) : [], fresh: node ? node.names.some(name => members.has(name)) : false};
  });
  return {stage: d.stages[i].name, lines, block: codeBlock(lines, "ir", {id: "ir"})};
}
