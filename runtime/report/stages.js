// Every stage's text, opened at the first thing it changed, and which rule made a node.
views.push({name: "stages", title: "Stages", draw(section, [wanted]) {
  const chosen = Math.max(0, d.stages.findIndex(s => s.name === wanted));
  const list = el("div", {class: "list"}, d.stages.map((s, i) =>
    el("button", {"aria-current": i === chosen, onclick: () => { location.hash = "stages/" + s.name; }},
       s.name, el("span", {class: "quiet"}, i === 0 ? "" : s.changed ? duration(s.seconds) : "unchanged"))));
  const pane = el("div");
  section.append(el("div", {class: "split"}, list, pane));
  drawStage(pane, chosen);
}});

function drawStage(pane, i) {
  const stage = d.stages[i], texts = stageText(i).split("\n"), keys = texts.map(plain);
  const previous = i > 0 ? stageText(i - 1).split("\n") : texts;
  const made = new Map(stageNodes(i).filter(n => n.rule && stage.changed).map(n => [n.line, n.rule]));
  const lines = texts.map((text, at) => ({text, rule: made.get(at + 1)}));
  // Of equal lines as many are old as there were before.
  const left = new Map();
  for (const line of previous) left.set(plain(line), (left.get(plain(line)) || 0) + 1);
  lines.forEach((line, at) => {
    const old = left.get(keys[at]) || 0;
    line.fresh = Boolean(line.rule) || old === 0;
    if (!line.fresh) left.set(keys[at], old - 1);
  });
  const gone = previous.filter(line => {
    const rest = left.get(plain(line));
    if (rest) left.set(plain(line), rest - 1);
    return rest > 0;
  });
  // The head says the level, which is said above.
  const changes = lines.flatMap((line, at) => line.fresh && !lines[at - 1]?.fresh && !line.text.startsWith("module ") ? [at] : []);
  const block = codeBlock(lines, "ir");
  let current = 0;
  const where = el("span", {class: "quiet"});
  const step = by => {
    current = (current + by + changes.length) % changes.length;
    where.textContent = `${current + 1} of ${changes.length} places`;
    block.show(changes[current]);
  };
  pane.append(
    el("p", {class: "quiet"}, i === 0 ? "as it was given to compile" : !stage.changed ? "nothing changed" :
       `changed ${lines.filter(line => line.fresh).length} of ${lines.length} lines`, stage.doc ? `: ${stage.doc}` : ""),
    el("ul", {class: "quiet"}, Object.entries(stage.rules).map(([rule, n]) =>
      el("li", {title: ruleEffects(rule)}, el("span", {class: "rule"}, rule), ` × ${n}  `, el("code", {}, ruleText(rule))))),
    changes.length ? el("div", {class: "tools"}, el("button", {onclick: () => step(-1)}, "previous change"),
                        el("button", {onclick: () => step(1)}, "next change"), where) : "",
    block);
  if (gone.length && stage.changed)
    pane.append(el("details", {}, el("summary", {}, `${gone.length} lines of ${d.stages[i - 1].name} are gone or different`),
                   codeBlock(gone.map(text => ({text})), "ir")));
  if (changes.length) step(0);
}

// Numbers of values and comments come and go without meaning.
const plain = line => line.replace(/\/\/.*$/, "").replace(/%\d+/g, "%").trim();
