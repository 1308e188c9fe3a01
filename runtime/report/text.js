// Texts of programs as blocks of numbered lines. A block of ten thousand lines opens at once: a
// hundred lines are one plain text until they come near the window, then they get colours and links.
const kLines = 100;

/**
 * A block of `lines`, each {text, fresh, rule, sites}, with the colours of `language`, a key of
 * `tokens`. `block.show(at)` brings a line into view, once the block is in the document;
 * `block.light(sites)` marks the lines that come from one of them and returns the first.
 */
function codeBlock(lines, language, attributes = {}) {
  const block = el("pre", {tabindex: "0", ...attributes});
  const filled = new Map();  // chunk: its lines' elements
  let wanted = [];
  const isLit = line => line.sites?.some(site => wanted.includes(site)) || false;
  const fill = chunk => {
    if (filled.has(chunk)) return;
    const from = Number(chunk.dataset.from);
    const made = lines.slice(from, from + kLines).map((line, i) => codeLine(line, from + i + 1, language));
    made.forEach((line, i) => line.classList.toggle("lit", isLit(lines[from + i])));
    chunk.replaceChildren(...made);
    filled.set(chunk, made);
  };
  const near = new IntersectionObserver(
    seen => seen.forEach(one => { if (one.isIntersecting) { fill(one.target); near.unobserve(one.target); } }),
    {root: block, rootMargin: "1500px"});
  for (let from = 0; from < lines.length; from += kLines) {
    const chunk = el("div", {class: "chunk", "data-from": from});
    chunk.textContent = lines.slice(from, from + kLines).map(line => line.text || " ").join("\n");
    block.append(chunk);
    if (from === 0) fill(chunk); else near.observe(chunk);
  }
  block.show = at => {
    const chunk = block.children[Math.floor(at / kLines)];
    if (!chunk) return;
    fill(chunk);
    const line = filled.get(chunk)[at % kLines];
    const top = line.offsetTop, seen = block.scrollTop;
    if (top < seen + 20 || top > seen + block.clientHeight - 60)
      block.scrollTop = top - block.clientHeight / 3;
  };
  block.light = sites => {
    wanted = sites;
    for (const [chunk, made] of filled) {
      const from = Number(chunk.dataset.from);
      made.forEach((line, i) => line.classList.toggle("lit", isLit(lines[from + i])));
    }
    return lines.findIndex(isLit);
  };
  return block;
}

function codeLine({text, fresh, rule, sites = []}, number, language) {
  const names = ["line", fresh ? "new" : "", sites.length ? "linked" : ""].filter(Boolean).join(" ");
  return el("div", {class: names, "data-sites": sites.length ? sites.join("|") : undefined},
    el("span", {class: "number"}, String(number)), coloured(text, language),
    rule ? el("span", {class: "rule", title: ruleText(rule)}, `   ← ${rule}`) : "");
}

// What each kind of text is made of: the name of a group is the class of its words.
const kNumber = String.raw`(?<literal>(?<![\w.%@$])-?(?:0x[\da-fA-F.]+(?:p[+-]?\d+)?|\d+(?:\.\d+)?(?:e[+-]?\d+)?)[uUlLfF]*\b)`;
const kType = String.raw`(?<type>\b(?:[iuf](?:8|16|32|64)(?:x\d+)?(?:_memory)?|bf16|c64|c128|bool|void|auto|char|int|long|short|signed|unsigned|float|double|Failure|CacheLine)\b)`;
const kString = String.raw`(?<string>"(?:[^"\\]|\\.)*")`;
const tokens = {
  cpp: new RegExp([String.raw`(?<comment>\/\/.*$)`, kString, String.raw`(?<keyword>^\s*#\s*\w+|\b(?:if|else|for|while|do|return|const|constexpr|static|inline|struct|typedef|namespace|using|template|class|extern|true|false|alignas|static_cast|reinterpret_cast|__restrict|__device__|__global__|__shared__|switch|case|break|continue|sizeof|new|this|and|or|not)\b)`,
    kType, kNumber, String.raw`(?<call>\b[a-zA-Z_]\w*(?=\())`].join("|"), "g"),
  ir: new RegExp([String.raw`(?<comment>\/\/.*$)`, kString, String.raw`(?<value>%[\w.]+)`, String.raw`(?<symbol>@[\w.]+)`,
    String.raw`(?<keyword>^\s*(?:ctir|module|input|output|state|update|group|require|fact|kernel|schedule)\b)`, kType, kNumber,
    String.raw`(?<call>(?<== )[a-z_]\w*|\b[a-z_]\w*(?=\())`].join("|"), "g"),
  assembly: new RegExp([String.raw`(?<comment>(?:#|;).*$)`, kString, String.raw`(?<symbol>^[.\w$]+:)`, String.raw`(?<value>[%@$][\w.]+)`,
    String.raw`(?<keyword>^\s+\.?[a-z]\w*)`, kType, kNumber].join("|"), "g"),
  plain: /(?<comment>\/\/.*$)/g,
};

/** The text with a span around each word that has a colour. */
function coloured(line, language) {
  const parts = [];
  let at = 0;
  for (const match of line.matchAll(tokens[language])) {
    const [kind] = Object.entries(match.groups).find(([, found]) => found !== undefined) || [];
    if (!kind || match[0] === "") continue;
    if (match.index > at) parts.push(line.slice(at, match.index));
    parts.push(el("span", {class: kind}, match[0]));
    at = match.index + match[0].length;
  }
  if (at < line.length) parts.push(line.slice(at));
  return parts;
}
