// The graph of a stage: layers by longest path, order within a layer by barycentres (Sugiyama,
// Tagawa, Toda 1981), drawn once; panning and zooming move one transform.
views.push({name: "graph", title: "Graph", draw(section, [wanted]) {
  const stages = d.stages.map((s, i) => [s, i]).filter(([s]) => s.level === "tensor" || s.level === "grouped");
  const chosen = stages.find(([s]) => s.name === wanted) || stages[0];
  const select = el("select", {"aria-label": "stage", onchange: e => { location.hash = "graph/" + e.target.value; }},
    stages.map(([s]) => el("option", {value: s.name, selected: s === chosen[0] ? "" : undefined}, s.name)));
  const found = el("span", {class: "quiet", id: "found"});
  const search = el("input", {type: "search", id: "search", placeholder: "name, op, type, file:line, label",
                              "aria-label": "search the graph"});
  const details = el("p", {id: "details", class: "quiet"}, "drag to move, wheel to zoom, click a node");
  const canvas = el("svg", {id: "canvas"});
  section.append(el("div", {class: "tools"}, select, search, found,
                    el("button", {onclick: () => view.fit()}, "fit")), canvas, details);
  const view = drawGraph(canvas, stageNodes(chosen[1]), details);
  search.addEventListener("input", () => { found.textContent = view.search(search.value); });
}});

function layOut(nodes) {
  const owner = new Map();
  nodes.forEach((n, i) => n.names.forEach(name => owner.set(name, i)));
  const below = nodes.map(n => [...new Set(n.operands.map(o => owner.get(o)).filter(o => o !== undefined))]);
  const above = nodes.map(() => []);
  const layer = new Array(nodes.length).fill(0);
  const layers = [];
  below.forEach((list, i) => {
    for (const o of list) { above[o].push(i); layer[i] = Math.max(layer[i], layer[o] + 1); }
    (layers[layer[i]] = layers[layer[i]] || []).push(i);
  });
  const width = i => Math.min(190, 24 + 7 * Math.max(label(nodes[i]).length, (nodes[i].types[0] || "").length));
  const x = new Array(nodes.length).fill(0);
  const spread = list => {  // no overlaps, near where each wants to be
    let edge = -Infinity;
    let drift = 0;
    for (const i of list) {
      const wanted = x[i];
      x[i] = Math.max(x[i], edge + width(i) / 2 + 14);
      edge = x[i] + width(i) / 2;
      drift += x[i] - wanted;
    }
    for (const i of list) x[i] -= drift / list.length;
  };
  for (const list of layers) { list.forEach((i, at) => { x[i] = at * 160; }); spread(list); }
  const mean = list => list.reduce((sum, i) => sum + x[i], 0) / list.length;
  for (let sweep = 0; sweep < 6; ++sweep) {
    const near = sweep % 2 === 0 ? below : above;
    for (const list of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      for (const i of list) if (near[i].length) x[i] = mean(near[i]);
      list.sort((a, b) => x[a] - x[b] || a - b);
      spread(list);
    }
  }
  return {below, above, x, y: layer.map(l => l * 84), width};
}

const label = n => `${n.names[0] || ""} ${n.op}`;

function drawGraph(canvas, nodes, details) {
  const {below, above, x, y, width} = layOut(nodes);
  const world = el("g");
  const edges = [];
  const boxes = nodes.map((n, i) => {
    for (const o of below[i]) {
      const middle = (y[o] + 36 + y[i]) / 2;
      const edge = el("path", {class: "edge",
        d: `M${x[o]},${y[o] + 36}C${x[o]},${middle} ${x[i]},${middle} ${x[i]},${y[i]}`});
      edges.push([o, i, edge]);
      world.append(edge);
    }
    const w = width(i);
    return el("g", {class: `node${n.operands.length ? "" : " leaf"}${n.rule ? " made" : ""}`,
                    transform: `translate(${x[i] - w / 2},${y[i]})`, "data-name": n.names[0], onclick: () => choose(i)},
      el("rect", {width: w, height: 36}),
      el("text", {x: 8, y: 15}, label(n).slice(0, 24)),
      el("text", {x: 8, y: 29, opacity: .65}, (n.types[0] || "").slice(0, 24)));
  });
  world.append(...boxes);
  canvas.append(world);

  let scale = 1, dx = 0, dy = 0;
  const place = () => world.setAttribute("transform", `translate(${dx},${dy}) scale(${scale})`);
  const fit = () => {
    const box = canvas.getBoundingClientRect();
    const left = Math.min(...x) - 110, right = Math.max(...x) + 110, tall = Math.max(...y) + 60;
    scale = Math.min(1.4, box.width / (right - left || 1), Math.max(.02, box.height / tall));
    dx = (box.width - (left + right) * scale) / 2;
    dy = 12;
    place();
  };
  const centre = i => {
    const box = canvas.getBoundingClientRect();
    scale = Math.max(scale, .9);
    dx = box.width / 2 - x[i] * scale;
    dy = box.height / 2 - (y[i] + 18) * scale;
    place();
  };
  function choose(i) {
    boxes.forEach((box, at) => box.classList.toggle("chosen", at === i));
    for (const [from, to, edge] of edges) edge.classList.toggle("near", from === i || to === i);
    const n = nodes[i];
    details.textContent = `${n.names.join(", ")} = ${n.op}(${n.operands.join(", ")}) : ${n.types.join(", ")}`
      + (n.labels.length ? ` · ${n.labels.join(", ")}` : "") + (n.sites.length ? ` · ${n.sites.join(", ")}` : "")
      + (n.rule ? ` · made by the rule ${n.rule}` : "") + ` · read by ${above[i].length}`;
  }
  canvas.addEventListener("wheel", e => {
    e.preventDefault();
    const box = canvas.getBoundingClientRect(), factor = Math.exp(-e.deltaY / 400);
    const px = e.clientX - box.left, py = e.clientY - box.top;
    dx = px - (px - dx) * factor;
    dy = py - (py - dy) * factor;
    scale *= factor;
    place();
  }, {passive: false});
  let from = null;
  canvas.addEventListener("pointerdown", e => { from = [e.clientX - dx, e.clientY - dy]; canvas.classList.add("moving"); });
  canvas.addEventListener("pointermove", e => { if (from) { dx = e.clientX - from[0]; dy = e.clientY - from[1]; place(); } });
  for (const end of ["pointerup", "pointerleave"])
    canvas.addEventListener(end, () => { from = null; canvas.classList.remove("moving"); });
  fit();
  return {fit, search(text) {
    const wanted = text.trim().toLowerCase();
    const hits = [];
    nodes.forEach((n, i) => {
      const all = [...n.names, n.op, ...n.types, ...n.sites, ...n.labels, n.rule].join(" ").toLowerCase();
      const hit = wanted !== "" && all.includes(wanted);
      boxes[i].classList.toggle("found", hit);
      if (hit) hits.push(i);
    });
    if (hits.length) centre(hits[0]);
    return wanted === "" ? "" : `${hits.length} of ${nodes.length} nodes`;
  }};
}
