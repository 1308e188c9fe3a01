// The arena over the plan's time, and every buffer.
views.push({name: "memory", title: "Memory", draw(section) {
  const tile = (label, q) => el("div", {class: "tile"}, el("b", {title: q.formula}, bytes(q.value)), el("span", {}, label));
  section.append(
    el("div", {class: "tiles"}, tile("arena, as planned", d.arena_bytes), tile("a place for each temporary", d.naive_bytes),
       tile("no plan can do with less", d.least_bytes)),
    el("h2", {}, "The arena, step by step"));
  section.append(arenaChart(section.clientWidth),
    el("h2", {}, "Steps"), table(["#", "step", "kernel", "reads", "writes", "live in the arena#"], d.steps.map((s, i) => [
      String(i), s.kind, s.kernel ? el("a", {href: "#code/" + s.kernel}, s.kernel) : "",
      s.reads.map(b => d.buffers[b].name).join(", "), s.writes.map(b => d.buffers[b].name).join(", "),
      quantity(s.live, bytes)])),
    el("h2", {}, "Buffers"), table(["buffer", "type", "where", "bytes#", "offset#", "steps"], d.buffers.map(b => [
      b.name, b.type, b.place, quantity(b.bytes, bytes), b.place === "arena" ? quantity(b.offset, bytes) : "",
      b.first < 0 ? "none" : b.first === b.last ? String(b.first) : `${b.first} to ${b.last}`])));
}});

// Steps to the right, offsets upwards; a temporary is a box over the steps that it lives.
function arenaChart(width) {
  const inArena = d.buffers.filter(b => b.place === "arena");
  if (!inArena.length) return el("p", {class: "quiet"}, "nothing is kept between kernels");
  const height = 280, left = 76, bottom = 38, steps = Math.max(1, d.steps.length);
  const most = Math.max(1, d.arena_bytes.value);
  const x = step => left + step / steps * (width - left - 10);
  const y = value => 10 + (1 - value / most) * (height - bottom - 10);
  const chart = svgChart(width, height, "the arena over the steps");
  for (const part of [0, .25, .5, .75, 1])
    chart.append(el("line", {class: "axis", x1: left, x2: width - 10, y1: y(most * part), y2: y(most * part)}),
                 el("text", {x: left - 8, y: y(most * part) + 4, "text-anchor": "end"}, bytes(most * part)));
  const wide = (width - left) / steps;  // of a step
  for (let s = 0; s < steps; s += Math.ceil(24 / wide))
    chart.append(el("text", {x: x(s + .5), y: height - 22, "text-anchor": "middle"}, String(s)),
                 el("text", {x: x(s + .5), y: height - 7, "text-anchor": "middle", class: "quiet"},
                    shortened(d.steps[s]?.kernel || d.steps[s]?.kind || "", wide - 10)));
  for (const b of inArena) {
    const top = y(b.offset.value + b.bytes.value), tall = Math.max(1, y(b.offset.value) - top);
    const across = Math.max(2, x(b.last + 1) - x(b.first));
    chart.append(el("rect", {class: "bar", x: x(b.first), width: across, y: top, height: tall},
                    el("title", {}, `${b.name} ${b.type}: ${bytes(b.bytes.value)} at ${b.offset.value}, steps ${b.first} to ${b.last}`)));
    const name = shortened(`${b.name}  ${bytes(b.bytes.value)}`, across - 12);
    if (tall >= 14 && name)
      chart.append(el("text", {x: x(b.first) + 6, y: top + Math.min(14, tall / 2 + 4), class: "inside"}, name));
  }
  return chart;
}
