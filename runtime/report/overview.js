// What there is at a glance, what the passes did, and how far each kernel may go on this machine.
views.push({name: "overview", title: "Overview", draw(section) {
  const total = name => d.kernels.reduce((sum, k) => sum + k[name].value, 0);
  const tile = (label, value, title) => el("div", {class: "tile", title}, el("b", {}, value), el("span", {}, label));
  const launches = d.steps.filter(s => s.kind === "launch").length;
  section.append(
    ...d.notes.map(note => el("p", {class: "note"}, note)),
    el("div", {class: "tiles"},
      tile(launches === d.kernels.length ? "kernels, each launched once" : `kernels, ${launches} launches`, String(d.kernels.length),
           "a kernel is one loop nest that is compiled; a launch is a step of a call"),
      tile("operations", count(total("operations")), "arithmetic on numbers; an addition is 1, the others as the op table weighs them"),
      tile("read", bytes(total("bytes_read")), "every buffer of every kernel once"),
      tile("written", bytes(total("bytes_written")), "every buffer of every kernel once"),
      tile("arena", bytes(d.arena_bytes.value), "memory for what passes between kernels"),
      tile("in the cache", {entry: "yes", memory: "in memory", none: "no"}[d.request.state] || d.request.state,
           "whether the next process that compiles this finds it whole")),
    el("h2", {}, "Kernels"), kernelTable(),
    el("h2", {}, "Roofline"));
  section.append(roofline(Math.min(section.clientWidth, 1000)),
    el("h2", {}, "Rules that fired"), firedRules(),
    el("h2", {}, "What was not fused, and why"), refusals());
}});

// As much as croton dump says, and the vectoriser's own words when pointed at.
function vectorised(kernel) {
  if (kernel.remarks === null) return el("span", {class: "quiet"}, "not asked");
  const lines = kernel.remarks.split("\n").filter(line => line.trim());
  const done = lines.filter(line => line.startsWith("vectorized loop")).length;
  const missed = lines.filter(line => line.startsWith("loop not vectorized in")).length;
  const why = lines.find(line => line.startsWith("loop not vectorized:"));
  const loops = n => `${n} loop${n === 1 ? "" : "s"}`;
  const explicit = /\bf(32|64)x\d/.test(kernel.cpp_commented);
  const said = done ? `${loops(done)} vectorised${missed ? `, ${missed} not` : ""}` : explicit ? "written as vectors" : "scalar";
  return el("span", {title: lines.join("\n")}, said, explicit || !missed || !why ? "" : el("div", {class: "quiet"}, why));
}

// What a schedule says, in words; what has none stands as it is written.
const kSchedules = [
  [["rows", "columns", "narrowest"], s => `tiles of ${s.rows} × ${s.columns} in registers, at the edge down to ${s.narrowest} columns`],
  [["stream"], s => `from ${bytes(s.stream)} of operands and results on, results go past the caches`],
];
function scheduleWords(text) {
  const fields = Object.fromEntries([...text.matchAll(/(\w+) = (-?\d+)/g)].map(([, key, value]) => [key, Number(value)]));
  const parts = [];
  for (const [keys, words] of kSchedules)
    if (keys.every(key => key in fields)) {
      parts.push(words(fields));
      for (const key of keys) delete fields[key];
    }
  for (const [key, value] of Object.entries(fields)) parts.push(`${key} = ${value}`);
  return el("span", {title: text}, parts.join("; "));
}

const kKinds = {
  elementwise: "one scalar function for every element", row: "a reduction of the last axes, and what reads it row by row",
  full: "a reduction to one number", column: "a reduction that keeps the last axis", product: "a matrix product, and what is done to its result",
  serial: "in order, one after the other", copy: "copies a value to an output"};

// The user's lines that a kernel computes, a few of them: "model.cpp:31, 34".
function linesOf(kernel) {
  const last = Math.max(0, d.stages.map(s => s.level).lastIndexOf("grouped"));
  const byFile = new Map();
  for (const site of new Set(insideOfKernel(stageNodes(last), kernel.name).flatMap(n => n.sites.map(place)))) {
    const [, file, line] = site.match(/^(.*):(\d+)$/) || [];
    if (file) byFile.set(file, [...(byFile.get(file) || []), Number(line)].sort((a, b) => a - b));
  }
  const all = [...byFile].map(([file, lines]) =>
    `${file.replace(/^.*\//, "")}:${lines.slice(0, 6).join(", ")}${lines.length > 6 ? ", …" : ""}`);
  return el("span", {class: "quiet", title: [...byFile].map(([file, lines]) => `${file}:${lines.join(", ")}`).join("\n")}, all.join("; "));
}

function kernelTable() {
  return table(
    ["kernel", "from", "kind", "schedule", "operations#", "read#", "written#", "operations / byte#", "vectorised", "object"],
    d.kernels.map(k => [
      el("a", {href: "#code/" + encodeURIComponent(k.name)}, k.name), linesOf(k), el("span", {title: kKinds[k.kind]}, k.kind), scheduleWords(k.schedule),
      quantity(k.operations, count), quantity(k.bytes_read, bytes), quantity(k.bytes_written, bytes),
      digits(intensity(k)), vectorised(k), k.cached ? "cached" : "not cached"]));
}

const intensity = k => k.operations.value / Math.max(1, k.bytes_read.value + k.bytes_written.value);

function roofline(width) {
  const machine = data.machine;
  if (!machine.operations_per_second) return el("p", {class: "quiet"}, "The machine was not measured.");
  const height = 300, left = 84, bottom = 40;
  const own = d.kernels.map(intensity).filter(at => at > 0).map(Math.log10);
  const low = Math.min(-2, ...own.map(Math.floor)), high = Math.max(2, ...own.map(Math.ceil));  // powers of ten
  const x = v => left + (Math.log10(Math.max(v, 10 ** low)) - low) / (high - low) * (width - left - 20);
  const top = Math.log10(machine.operations_per_second) + .3, floor = top - 4.5;
  const y = v => height - bottom - (Math.log10(v) - floor) / (top - floor) * (height - bottom - 16);
  const chart = svgChart(width, height, "kernels under the machine's limits");
  const roof = v => Math.min(machine.operations_per_second, v * machine.bytes_per_second);
  for (let p = low; p <= high; ++p)
    chart.append(el("line", {class: "axis", x1: x(10 ** p), x2: x(10 ** p), y1: 10, y2: height - bottom}),
                 el("text", {x: x(10 ** p), y: height - bottom + 16, "text-anchor": "middle"}, String(10 ** p)));
  for (let p = Math.ceil(floor); p <= top; ++p)
    chart.append(el("line", {class: "axis", x1: left, x2: width - 20, y1: y(10 ** p), y2: y(10 ** p)}),
                 el("text", {x: left - 8, y: y(10 ** p) + 4, "text-anchor": "end"}, count(10 ** p) + "op/s"));
  let path = "";
  for (let p = low; p <= high; p += .05) path += `${path ? "L" : "M"}${x(10 ** p)},${y(Math.max(roof(10 ** p), 10 ** floor))}`;
  chart.append(el("path", {class: "roof", d: path}),
               el("text", {x: (left + width) / 2, y: height - 6, "text-anchor": "middle"}, "operations per byte"));
  // A name stands right of its dot, below that of the dot before where they would meet.
  let below = -Infinity;
  for (const k of d.kernels.filter(k => intensity(k) > 0).sort((a, b) => intensity(b) - intensity(a))) {
    const at = intensity(k), px = x(at), py = y(Math.max(roof(at), 10 ** floor));
    const place = Math.max(py + 14, below + 12);
    chart.append(el("circle", {class: "dot", cx: px, cy: py, r: 5}, el("title", {}, `${k.name}: at most ${count(roof(at))}op/s`)));
    if (place > height - bottom - 4) continue;
    chart.append(el("text", {x: px + 9, y: place}, shortened(k.name, width - 20 - px - 9)));
    below = place;
  }
  const memory = d.kernels.filter(k => intensity(k) * machine.bytes_per_second < machine.operations_per_second);
  return el("div", {}, chart, el("p", {class: "quiet"},
    `One core, measured when the report was written: ${count(machine.operations_per_second)}op/s of f32 `
    + `multiply-adds, ${bytes(machine.bytes_per_second)}/s of memory. `
    + `${memory.length} of ${d.kernels.length} kernels are limited by memory when nothing is in a cache. `
    + `A dot is the most that its kernel can reach; croton bench measures what it does.`));
}

function firedRules() {
  const fired = {};
  for (const stage of d.stages)
    for (const [rule, n] of Object.entries(stage.rules))
      (fired[rule] = fired[rule] || []).push([stage.name, n]);
  const rows = Object.entries(fired).map(([rule, list]) =>
    [rule, el("code", {}, ruleText(rule)), ruleEffects(rule), list.map(([stage, n]) => el("span", {}, el("a", {href: "#stages/" + stage}, stage), ` × ${n}  `))]);
  return rows.length ? table(["rule", "what it does", "", "stages"], rows) : el("p", {class: "quiet"}, "none");
}

function refusals() {
  const seen = new Map();
  for (const r of d.refusals) seen.set(r.what + "\n" + r.why, [r.what, r.why]);
  return seen.size ? table(["values", "reason"], [...seen.values()]) : el("p", {class: "quiet"}, "nothing");
}
