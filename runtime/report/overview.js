// What there is at a glance, what the passes did, and how far each kernel may go on this machine.
views.push({name: "overview", title: "Overview", draw(section) {
  const total = name => d.kernels.reduce((sum, k) => sum + k[name].value, 0);
  const tile = (label, value) => el("div", {class: "tile"}, el("b", {}, value), el("span", {}, label));
  section.append(
    ...d.notes.map(note => el("p", {class: "note"}, note)),
    el("div", {class: "tiles"},
      tile("kernels", String(d.kernels.length)),
      tile("launches", String(d.steps.filter(s => s.kind === "launch").length)),
      tile("operations", count(total("operations"))),
      tile("bytes read", bytes(total("bytes_read"))),
      tile("bytes written", bytes(total("bytes_written"))),
      tile("arena", bytes(d.arena_bytes.value)),
      tile("in the cache", d.request.state)),
    el("h2", {}, "Kernels"), kernelTable(),
    el("h2", {}, "Roofline"), roofline(),
    el("h2", {}, "Rules that fired"), firedRules(),
    el("h2", {}, "What was not fused, and why"), refusals());
}});

function vectorised(kernel) {
  if (kernel.remarks === null) return el("span", {class: "quiet"}, "not asked");
  const lines = kernel.remarks.split("\n").filter(line => line.trim());
  const yes = lines.filter(line => /^(vectorized|interleaved)/i.test(line)).length;
  const explicit = /\bf(32|64)x\d+\b/.test(kernel.cpp);
  const missed = lines.filter(line => /not vectorized/i.test(line));
  const parts = [];
  if (explicit) parts.push("written with vectors");
  if (yes) parts.push(`${yes} loop${yes > 1 ? "s" : ""}`);
  if (!parts.length) parts.push("no");
  return el("span", {title: lines.join("\n")}, parts.join(", "),
            missed.length ? el("div", {class: "quiet"}, missed[0]) : "");
}

function kernelTable() {
  return table(
    ["kernel", "kind", "schedule", "operations#", "read#", "written#", "operations / byte#", "vectorised", "object"],
    d.kernels.map(k => [
      el("a", {href: "#code/" + encodeURIComponent(k.name)}, k.name), k.kind, k.schedule,
      quantity(k.operations, count), quantity(k.bytes_read, bytes), quantity(k.bytes_written, bytes),
      (intensity(k)).toPrecision(3), vectorised(k), k.cached ? "cached" : "not cached"]));
}

const intensity = k => k.operations.value / Math.max(1, k.bytes_read.value + k.bytes_written.value);

function roofline() {
  const machine = data.machine;
  const width = 900, height = 300, left = 70, bottom = 40;
  const low = -3, high = 3;  // powers of ten of operations per byte
  const x = v => left + (Math.log10(Math.max(v, 10 ** low)) - low) / (high - low) * (width - left - 20);
  const top = Math.log10(machine.operations_per_second) + .3, floor = top - 4.5;
  const y = v => height - bottom - (Math.log10(v) - floor) / (top - floor) * (height - bottom - 16);
  const chart = el("svg", {class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
                           "aria-label": "kernels under the machine's limits"});
  const roof = v => Math.min(machine.operations_per_second, v * machine.bytes_per_second);
  for (let p = low; p <= high; ++p)
    chart.append(el("line", {class: "axis", x1: x(10 ** p), x2: x(10 ** p), y1: 10, y2: height - bottom}),
                 el("text", {x: x(10 ** p) - 10, y: height - bottom + 16}, String(10 ** p)));
  for (let p = Math.ceil(floor); p <= top; ++p)
    chart.append(el("line", {class: "axis", x1: left, x2: width - 20, y1: y(10 ** p), y2: y(10 ** p)}),
                 el("text", {x: 4, y: y(10 ** p) + 4}, count(10 ** p) + "op/s"));
  let path = "";
  for (let p = low; p <= high; p += .05) path += `${path ? "L" : "M"}${x(10 ** p)},${y(Math.max(roof(10 ** p), 10 ** floor))}`;
  chart.append(el("path", {class: "roof", d: path}),
               el("text", {x: width / 2 - 60, y: height - 6}, "operations per byte"));
  for (const k of d.kernels) {
    const at = intensity(k);
    if (!(at > 0)) continue;
    chart.append(el("circle", {class: "dot", cx: x(at), cy: y(Math.max(roof(at), 10 ** floor)), r: 5},
                    el("title", {}, `${k.name}: at most ${count(roof(at))}op/s`)));
  }
  const memory = d.kernels.filter(k => intensity(k) * machine.bytes_per_second < machine.operations_per_second);
  return el("div", {}, chart, el("p", {class: "quiet"},
    `One core, measured when the report was written: ${count(machine.operations_per_second)}op/s of f32 `
    + `multiply-adds, ${bytes(machine.bytes_per_second)}/s of memory. `
    + `${memory.length} of ${d.kernels.length} kernels are limited by memory when nothing is in a cache.`));
}

function firedRules() {
  const fired = {};
  for (const stage of d.stages)
    for (const [rule, n] of Object.entries(stage.rules))
      (fired[rule] = fired[rule] || []).push([stage.name, n]);
  const rows = Object.entries(fired).map(([rule, list]) =>
    [rule, list.map(([stage, n]) => el("span", {}, el("a", {href: "#stages/" + stage}, stage), ` × ${n}  `))]);
  return rows.length ? table(["rule", "stages"], rows) : el("p", {class: "quiet"}, "none");
}

function refusals() {
  const seen = new Map();
  for (const r of d.refusals) seen.set(r.what + "\n" + r.why, [r.what, r.why]);
  return seen.size ? table(["values", "reason"], [...seen.values()]) : el("p", {class: "quiet"}, "nothing");
}
