// The graph of a stage, or of its kernels: drawn once; panning and zooming move one transform. From
// afar a box is a colour, near by it has words; what does not fit begins readable, with a map of all.
const kMany = 150;      // nodes from which on the kernels are shown first
const kReadable = .55;  // the scale from which on letters can be read

views.push({name: "graph", title: "Graph", draw(section, [wanted, kernel]) {
  const stages = d.stages.map((s, i) => [s, i]).filter(([s]) => s.level === "tensor" || s.level === "grouped");
  const grouped = stages.filter(([s]) => s.level === "grouped").pop();
  const first = grouped && d.groups.length > 1 && stageNodes(stages[0][1]).length >= kMany ? "kernels" : stages[0]?.[0].name;
  if (!first) return section.append(el("p", {}, "There is no graph: it begins below the level of tensors."));
  const known = [...(grouped ? ["kernels"] : []), ...stages.map(([s]) => s.name)];
  const shown = known.includes(wanted) ? wanted : first;
  const stage = shown === "kernels" ? grouped : stages.find(([s]) => s.name === shown);
  const all = stageNodes(stage[1]);
  const focus = stage[0].level === "grouped" && d.groups.some(group => group.name === kernel) ? kernel : "";
  const nodes = shown === "kernels" ? kernelGraph(all) : focus ? graphOfKernel(all, focus) : all;
  const found = el("span", {class: "quiet", id: "found"});
  const search = el("input", {type: "search", id: "search", placeholder: "name, op, type, file:line, label",
                              "aria-label": "search the graph"});
  const details = el("p", {id: "details", class: "quiet"}, "drag to move, wheel to zoom, click a node, double click for all");
  const choose = el("select", {"aria-label": "stage", onchange: e => { location.hash = "graph/" + e.target.value; }}, known.map(name =>
    el("option", {value: name, selected: name === shown ? "" : undefined}, name)));
  if (!nodes.length) return section.append(el("div", {class: "tools"}, choose), el("p", {}, "Nothing is computed here."));
  const canvas = el("svg", {id: "canvas"}), map = el("canvas", {id: "map", "aria-label": "the whole graph"});
  const byKernel = stage[0].level === "grouped" && shown !== "kernels" && !focus;
  const paint = byKernel ? kernelColours(all) : () => "";
  section.append(el("div", {class: "tools"}, choose,
    focus ? el("span", {}, `what ${focus} computes · `, el("a", {href: "#graph/kernels"}, "all kernels")) : "",
    search, found, el("button", {onclick: () => view.fit()}, "fit"),
    byKernel ? el("span", {class: "legend"}, "a colour for each kernel") : legend(nodes)),
    el("div", {class: "stage"}, canvas, map), details);
  const view = drawGraph(canvas, map, nodes, details, grouped && grouped[0].name, paint);
  search.addEventListener("input", () => { found.textContent = view.search(search.value); });
}});

const kindOf = n => n.kind === "kernel" ? n.op : n.kind;  // the class of its colours
const legend = nodes => el("span", {class: "legend"}, [...new Set(nodes.map(kindOf))].map(kind =>
  el("span", {}, el("span", {class: `swatch kind-${kind}`}), kind === "creation" ? "input or constant" : kind)));

// Neighbours in the list of kernels are far apart on the circle of hues.
function kernelColours(nodes) {
  const hue = new Map();
  d.groups.forEach((group, i) => { for (const n of insideOfKernel(nodes, group.name)) hue.set(n, i * 137.5 % 360); });
  return n => hue.has(n) ? `--fill: hsl(${hue.get(n)} 55% var(--pale)); --far: hsl(${hue.get(n)} 55% 52%)` : "";
}

function drawGraph(canvas, map, nodes, details, groupedStage, paint) {
  const {below, above, x, y, width} = layOut(nodes);
  const curve = (o, i) => {
    const middle = (y[o] + kNodeHeight + y[i]) / 2;
    return `M${x[o]},${y[o] + kNodeHeight}C${x[o]},${middle} ${x[i]},${middle} ${x[i]},${y[i]}`;
  };
  // One path for all edges: thousands of elements would take most of the time.
  const edges = el("path", {class: "edge", d: below.map((list, i) => list.map(o => curve(o, i)).join("")).join("")});
  const near = el("path", {class: "edge near"});
  const boxes = nodes.map((n, i) => el("g",
    {class: `node kind-${kindOf(n)}${n.rule ? " made" : ""}`, style: paint(n) || undefined,
     transform: `translate(${x[i] - width[i] / 2},${y[i]})`, "data-name": n.names[0], onclick: () => choose(i)},
    el("rect", {width: width[i], height: kNodeHeight}),
    el("text", {x: 8, y: 15}, shortened(label(n), width[i] - 12)),
    el("text", {x: 8, y: 29, opacity: .65}, shortened(n.types[0] || "", width[i] - 12))));
  const world = el("g", {}, edges, near, boxes);
  canvas.append(world);

  const most = list => list.reduce((a, b) => Math.max(a, b));  // a call takes some 100,000 arguments
  const left = -most(x.map((at, i) => width[i] / 2 - at)) - 12, right = most(x.map((at, i) => at + width[i] / 2)) + 12;
  const tall = most(y) + kNodeHeight + 12;
  let scale = 1, dx = 0, dy = 0, drawMap = () => {};
  const place = () => {
    world.setAttribute("transform", `translate(${dx},${dy}) scale(${scale})`);
    canvas.classList.toggle("far", scale < kReadable);
    drawMap();
  };
  const fit = () => {
    const box = canvas.getBoundingClientRect();
    scale = Math.min(1.2, box.width / (right - left), (box.height - 12) / tall);
    dx = (box.width - (left + right) * scale) / 2;
    dy = 12;
    place();
  };
  const begin = () => {
    fit();
    map.hidden = scale >= kReadable;
    if (map.hidden) return;
    drawMap = miniature(map, {left, right, tall, boxes, x, y, width}, () => {
      const box = canvas.getBoundingClientRect();
      return [-dx / scale, -dy / scale, box.width / scale, box.height / scale];
    }, (px, py) => {
      const box = canvas.getBoundingClientRect();
      dx = box.width / 2 - px * scale;
      dy = box.height / 2 - py * scale;
      place();
    });
    const first = x.filter((_, i) => y[i] === 0);
    scale = .8;
    dx = canvas.getBoundingClientRect().width / 2 - first.reduce((sum, at) => sum + at, 0) / first.length * scale;
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
    near.setAttribute("d", below[i].map(o => curve(o, i)).join("") + above[i].map(o => curve(i, o)).join(""));
    const n = nodes[i];
    const rest = (n.labels.length ? ` · ${n.labels.join(", ")}` : "") + (n.sites.length ? ` · ${n.sites.join(", ")}` : "")
      + (n.rule ? ` · made by the rule ${n.rule}` : "") + ` · read by ${above[i].length}`;
    if (n.kernel)
      details.replaceChildren(`${n.kernel}: ${n.types[0]}, reads ${n.operands.join(", ") || "nothing"}${rest} · `,
        el("a", {href: `#graph/${groupedStage}/${n.kernel}`}, "what it computes"), " · ", el("a", {href: "#code/" + n.kernel}, "its code"));
    else
      details.textContent = `${n.names.join(", ")} = ${n.op}(${n.operands.join(", ")}) : ${n.types.join(", ")}${rest}`;
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
  canvas.addEventListener("dblclick", fit);
  let from = null;
  canvas.addEventListener("pointerdown", e => { from = [e.clientX - dx, e.clientY - dy]; canvas.classList.add("moving"); });
  canvas.addEventListener("pointermove", e => { if (from) { dx = e.clientX - from[0]; dy = e.clientY - from[1]; place(); } });
  for (const end of ["pointerup", "pointerleave"])
    canvas.addEventListener(end, () => { from = null; canvas.classList.remove("moving"); });
  begin();
  return {fit, search(text) {
    const wanted = text.trim().toLowerCase();
    const hits = [];
    nodes.forEach((n, i) => {
      const all = [...n.names, n.op, ...(n.ops || []), ...n.types, ...n.sites, ...n.labels, n.rule].join(" ").toLowerCase();
      const hit = wanted !== "" && all.includes(wanted);
      boxes[i].classList.toggle("found", hit);
      if (hit) hits.push(i);
    });
    if (hits.length) centre(hits[0]);
    return wanted === "" ? "" : `${hits.length} of ${nodes.length} nodes`;
  }};
}

/** Draws all boxes in their colours, small; the returned function marks what `seen` says is in view.
    Pressing there calls `go` with the place in the graph. */
function miniature(map, {left, right, tall, boxes, x, y, width}, seen, go) {
  const scale = Math.min(200 / (right - left), 220 / tall);
  map.width = Math.max(40, Math.ceil((right - left) * scale));
  map.height = Math.max(30, Math.ceil(tall * scale));
  const all = document.createElement("canvas");
  [all.width, all.height] = [map.width, map.height];
  const once = all.getContext("2d"), pen = map.getContext("2d");
  const middle = (map.width - (right - left) * scale) / 2;
  boxes.forEach((box, i) => {
    once.fillStyle = getComputedStyle(box).getPropertyValue("--far").trim() || "#888";
    once.fillRect(middle + (x[i] - width[i] / 2 - left) * scale, y[i] * scale, Math.max(1, width[i] * scale), Math.max(1, kNodeHeight * scale));
  });
  const press = e => { if (e.buttons) go((e.offsetX - middle) / scale + left, e.offsetY / scale); };
  map.onpointerdown = map.onpointermove = press;
  return () => {
    const [px, py, across, down] = seen();
    pen.clearRect(0, 0, map.width, map.height);
    pen.drawImage(all, 0, 0);
    pen.strokeStyle = getComputedStyle(map).color;
    pen.lineWidth = 2;
    pen.strokeRect(middle + (px - left) * scale, py * scale, across * scale, down * scale);
  };
}
