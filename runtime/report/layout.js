// Where the nodes of a graph go: layers by longest path, order within a layer by barycentres
// (Sugiyama, Tagawa, Toda 1981).
const kNodeHeight = 36, kLayerHeight = 84;

/** Of {names, operands} in an order in which operands come first: below (operands) and above
    (readers) as indices, and of each node the middle x, the top y and the width. */
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
  const width = nodes.map(n => Math.min(240, 20 + 7 * Math.max(label(n).length, (n.types[0] || "").length)));
  const x = new Array(nodes.length).fill(0);
  const spread = list => {  // no overlaps, near where each wants to be
    let edge = -Infinity;
    let drift = 0;
    for (const i of list) {
      const wanted = x[i];
      x[i] = Math.max(x[i], edge + width[i] / 2 + 14);
      edge = x[i] + width[i] / 2;
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
  return {below, above, x, y: layer.map(l => l * kLayerHeight), width};
}

const label = n => n.kind === "kernel" ? n.names[0] : `${n.names[0] || ""} ${n.op}`;

/** The plan as a graph: a node for each launch, which reads what the last one before it wrote, and
    one for each input and shared variable. `nodes` are those of the stage whose groups became kernels. */
function kernelGraph(nodes) {
  const writer = new Map(), out = [], leaves = new Set();
  d.steps.forEach((step, i) => {
    if (!step.kernel) return;
    const operands = [];
    for (const number of step.reads) {
      const b = d.buffers[number];
      if (!writer.has(number) && (b.place === "input" || b.place === "shared")) {
        const name = "%" + b.name;
        if (!leaves.has(name)) out.push({names: [name], operands: [], types: [b.type], op: b.place, kind: "creation", sites: [], labels: [], rule: ""});
        leaves.add(name);
        operands.push(name);
      } else if (writer.has(number) && writer.get(number) !== i) {
        operands.push(out.find(n => n.step === writer.get(number)).names[0]);
      }
    }
    for (const number of step.writes) writer.set(number, i);
    const inside = insideOfKernel(nodes, step.kernel);
    const all = key => [...new Set(inside.flatMap(n => n[key]))];
    const kind = d.kernels.find(k => k.name === step.kernel)?.kind || "copy";
    const again = out.some(n => n.kernel === step.kernel);
    out.push({names: [again ? `${step.kernel} in step ${i}` : step.kernel], operands: [...new Set(operands)],
              types: [`${kind}, ${inside.length} operation${inside.length === 1 ? "" : "s"}`], op: kind, kind: "kernel",
              sites: all("sites"), labels: all("labels"), ops: all("op"), rule: "", kernel: step.kernel, step: i});
  });
  return out;
}

/** What one kernel computes: its members, and what stands between them and what other kernels or nobody computed. */
function insideOfKernel(nodes, kernel) {
  const byName = nodesByName(nodes), group = d.groups.find(one => one.name === kernel);
  const inside = new Set((group?.members || []).map(name => byName.get(name)).filter(Boolean));
  const waiting = [...inside];
  while (waiting.length)
    for (const operand of waiting.pop().operands) {
      const n = byName.get(operand);
      if (!n || inside.has(n) || n.kind === "creation" || groupOf(operand)) continue;
      inside.add(n);
      waiting.push(n);
    }
  return nodes.filter(n => inside.has(n));
}

/** The same with the values that it reads. */
function graphOfKernel(nodes, kernel) {
  const inside = new Set(insideOfKernel(nodes, kernel));
  const read = new Set([...inside].flatMap(n => n.operands));
  return nodes.filter(n => inside.has(n) || n.names.some(name => read.has(name)))
    .map(n => inside.has(n) ? n : {...n, operands: [], kind: "creation"});
}

const remembered = make => { const known = new Map(); return key => known.get(key) || known.set(key, make(key)).get(key); };
const nodesByName = remembered(nodes => new Map(nodes.flatMap(n => n.names.map(name => [name, n]))));
const groupsByMember = remembered(groups => new Map(groups.flatMap(group => group.members.map(name => [name, group.name]))));
const groupOf = name => groupsByMember(d.groups).get(name);
