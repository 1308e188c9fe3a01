// Every stage's text: what it changed, and which rule made a node.
views.push({name: "stages", title: "Stages", draw(section, [wanted]) {
  let chosen = d.stages.findIndex(s => s.name === wanted);
  if (chosen < 0) chosen = 0;
  const list = el("div", {class: "list"}, d.stages.map((s, i) =>
    el("button", {"aria-current": i === chosen, onclick: () => { location.hash = "stages/" + s.name; }},
       s.name, el("span", {class: "quiet"}, i === 0 ? "" : s.changed ? `${(1e3 * s.seconds).toPrecision(2)} ms` : "unchanged"))));
  section.append(el("div", {class: "split"}, list, stagePane(chosen)));
}});

function stagePane(i) {
  const stage = d.stages[i], lines = stageText(i).split("\n");
  const before = new Set(i > 0 ? stageText(i - 1).split("\n").map(plain) : lines.map(plain));
  const now = new Set(lines.map(plain));
  const gone = i > 0 ? stageText(i - 1).split("\n").filter(line => !now.has(plain(line))) : [];
  const rules = Object.entries(stage.rules).map(([rule, n]) => `${rule} × ${n}`).join(", ");
  const made = new Map(stageNodes(i).filter(n => n.rule && stage.changed).map(n => [n.line, n.rule]));
  return el("div", {},
    el("p", {class: "quiet"}, i === 0 ? "as it was given to compile" :
       !stage.changed ? "nothing changed" : rules ? `rules: ${rules}` : `at the ${stage.level} level`),
    el("pre", {}, lines.map((line, at) => codeLine(line, at + 1,
      {fresh: !before.has(plain(line)), rule: made.get(at + 1)}))),
    gone.length && stage.changed
      ? el("details", {}, el("summary", {}, `${gone.length} lines of the stage before are gone or different`),
           el("pre", {}, gone.map((line, at) => codeLine(line, at + 1, {})))) : "");
}

// Numbers of values and comments come and go without meaning.
const plain = line => line.replace(/\/\/.*$/, "").replace(/%\d+/g, "%").trim();

/** One line of text, with its number, its comment apart, and what it leads to. */
function codeLine(text, number, {fresh = false, rule = "", sites = []} = {}) {
  const at = text.indexOf("// ");
  const code = at < 0 ? text : text.slice(0, at), comment = at < 0 ? "" : text.slice(at);
  return el("div", {class: `${fresh ? "new" : ""}${sites.length ? " linked" : ""}`.trim() || undefined,
                    "data-sites": sites.length ? sites.join("|") : undefined},
    el("span", {class: "number"}, String(number)), code, comment ? el("span", {class: "comment"}, comment) : "",
    rule ? el("span", {class: "rule"}, `   ← ${rule}`) : "");
}
