// The arena over the plan's time, and every buffer.
views.push({name: "memory", title: "Memory", draw(section) {
  const tile = (label, q) => el("div", {class: "tile"}, el("b", {title: q.formula}, bytes(q.value)), el("span", {}, label));
  section.append(
    el("div", {class: "tiles"}, tile("arena, as planned", d.arena_bytes), tile("a place for each temporary", d.naive_bytes),
       tile("no plan can do with less", d.least_bytes)),
    el("h2", {}, "The arena, step by step"), arenaChart(),
    el("h2", {}, "Steps"), table(["#", "step", "kernel", "reads", "writes", "live in the arena#"], d.steps.map((s, i) => [
      String(i), s.kind, s.kernel ? el("a", {href: "#code/" + s.kernel}, s.kernel) : "",
      s.reads.map(b => d.buffers[b].name).join(", "), s.writes.map(b => d.buffers[b].name).join(", "),
      quantity(s.live, bytes)])),
    el("h2", {}, "Buffers"), table(["buffer", "type", "where", "bytes#", "offset#", "steps"], d.buffers.map(b => [
      b.name, b.type, b.place, quantity(b.bytes, bytes), b.place === "arena" ? quantity(b.offset, bytes) : "",
      `${b.first} to ${b.last}`])));
}});

function arenaChart() {
  const inArena = d.buffers.filter(b => b.place === "arena");
  if (!inArena.length) return el("p", {class: "quiet"}, "nothing is kept between kernels");
  const width = 900, height = 260, left = 80, bottom = 24, steps = Math.max(1, d.steps.length);
  const most = Math.max(1, d.arena_bytes.value);
  const x = step => left + step / steps * (width - left - 10);
  const y = value => 10 + (1 - value / most) * (height - bottom - 10);
  const chart = el("svg", {class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "the arena over the steps"});
  for (const part of [0, .5, 1])
    chart.append(el("line", {class: "axis", x1: left, x2: width - 10, y1: y(most * part), y2: y(most * part)}),
                 el("text", {x: 4, y: y(most * part) + 4}, bytes(most * part)));
  for (let s = 0; s < steps; s += Math.ceil(steps / 24)) chart.append(el("text", {x: x(s + .5), y: height - 6}, String(s)));
  for (const b of inArena)
    chart.append(el("rect", {class: "bar", x: x(b.first), width: Math.max(2, x(b.last + 1) - x(b.first)),
                             y: y(b.offset.value + b.bytes.value), height: Math.max(1, y(b.offset.value) - y(b.offset.value + b.bytes.value))},
                    el("title", {}, `${b.name} ${b.type}: ${bytes(b.bytes.value)} at ${b.offset.value}, steps ${b.first} to ${b.last}`)));
  return chart;
}
