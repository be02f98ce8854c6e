// The session's files as rows. Text is set with textContent; nothing here takes a string for HTML.
const TAIL = 16; // characters of a name's end, which are always seen
const NUMBERS = ["dimensions", "duration", "size"];
const WORDS = new Intl.Collator(undefined, { numeric: true }); // localeCompare would make one for each pair
const SIGNS = new Intl.Segmenter(); // a sign can be several characters

function make(tag, css, ...inside) {
  const element = document.createElement(tag);
  if (css) element.className = css;
  element.append(...inside);
  return element;
}

function cut(name) {
  const at = SIGNS.segment(name).containing(Math.max(0, name.length - TAIL))?.index ?? 0;
  const whole = make("span", "tj-cut", make("span", "", name.slice(0, at)), make("span", "", name.slice(at)));
  whole.title = name;
  return whole;
}

function reasons(row, model) {
  const cell = make("div");
  const [first, ...rest] = row.reasons;
  if (first) {
    const all = [first, ...rest].map((text) => make("p", "", text));
    const more = rest.length ? make("span", "tj-count", ` +${rest.length}`) : "";
    cell.append(make("details", "", make("summary", "", make("span", "", first), more), ...all));
  }
  for (const [what, label, place] of [["compare", row.comparable && "Compare", ".tj-evidence"], ["mend", row.mend, ".tj-mend"]]) {
    if (!label) continue;
    const button = make("button", "", label);
    button.onclick = () => {
      model.send({ what, ids: [row.id] });
      button.closest(".jp-OutputArea")?.querySelector(place)?.scrollIntoView({ block: "nearest" });
    };
    cell.append(button);
  }
  return make("td", "tj-why", cell);
}

function build(row, shown, model) {
  const box = Object.assign(make("input"), { type: "checkbox", tabIndex: -1, ariaLabel: `Upload ${row.name}` });
  box.onchange = () => model.send({ what: "tick", ids: [row.id], on: box.checked });
  const verdict = make("span", `tj-verdict ${row.css}`, make("span", "tj-mark", row.mark), make("span", "", row.verdict));
  const line = make("tr", "", make("td", "", row.choosable ? box : ""), make("td", "tj-small"), make("td", "", verdict));
  for (const key of shown) {
    if (key === "name") line.append(make("td", "tj-name", cut(row.name)));
    else if (key === "reasons") line.append(reasons(row, model));
    else line.append(make("td", NUMBERS.includes(key) ? "tj-number" : "", row[key]));
  }
  line.dataset.id = row.id;
  return Object.assign(line, { tabIndex: -1 });
}

function render({ model, el }) {
  el.classList.add("tj");
  const head = make("tr");
  const body = make("tbody");
  const table = Object.assign(make("table", "tj-work", make("thead", "", head), body), { role: "grid" });
  const room = make("div", "tj-work-room", table);
  el.append(room);
  const every = Object.assign(make("input"), { type: "checkbox" });
  every.onchange = () => model.send({ what: "all", on: every.checked });
  const pictures = new Map(); // by id, kept while the rows come and go
  let sort = { key: "", down: false };
  let rows = []; // those that are shown: the model's may be others already
  let lines = new Map();

  const watch = new IntersectionObserver((seen) => {
    const wanted = seen.filter((one) => one.isIntersecting).map((one) => one.target.dataset.id).filter((id) => !pictures.has(id));
    wanted.forEach((id) => pictures.set(id, ""));
    if (wanted.length) model.send({ what: "pictures", ids: wanted });
  }, { root: room, rootMargin: "300px" });

  function draw(id) {
    const image = Object.assign(make("img"), { alt: "", src: pictures.get(id) || "" });
    if (pictures.get(id)) lines.get(id)?.querySelector(".tj-small").replaceChildren(image);
  }

  function order() {
    const value = (row) => (sort.key in row.order ? row.order[sort.key] : String(row[sort.key] ?? ""));
    const compare = (one, other) => (typeof one === "number" ? one - other : WORDS.compare(one, other));
    const sorted = [...rows];
    if (sort.key) sorted.sort((one, other) => compare(value(one), value(other)) * (sort.down ? -1 : 1));
    body.append(...sorted.map((row) => lines.get(row.id)));
    for (const cell of head.querySelectorAll("[data-key]")) {
      cell.ariaSort = cell.dataset.key !== sort.key ? "none" : sort.down ? "descending" : "ascending";
    }
  }

  function show() {
    rows = model.get("rows");
    const all = { verdict: "Verdict", ...model.get("heads"), pair: "Pair", reasons: "Reason" };
    const told = (row, key) => (key === "reasons" ? row.reasons.length || row.comparable || row.mend : row[key]);
    const names = Object.fromEntries(Object.entries(all).filter(([key]) => rows.some((row) => told(row, key))));
    const shown = Object.keys(names).slice(1);
    const heads = Object.entries(names).map(([key, label]) => {
      const button = make("button", "", label);
      button.onclick = () => { sort = { key, down: sort.key === key && !sort.down }; order(); };
      const cell = make("th", NUMBERS.includes(key) ? "tj-number" : "", button);
      cell.dataset.key = key;
      return cell;
    });
    head.replaceChildren(make("th", "", every), make("th"), ...heads);
    watch.disconnect();
    const active = body.contains(document.activeElement) && document.activeElement.closest("tr").dataset.id;
    lines = new Map(rows.map((row) => [row.id, build(row, shown, model)]));
    body.replaceChildren();
    order();
    lines.forEach((line, id) => { watch.observe(line); draw(id); });
    const entry = lines.get(active) ?? body.firstChild; // for the Tab key
    if (entry) entry.tabIndex = 0;
    lines.get(active)?.focus({ preventScroll: true });
    tick();
  }

  function tick() {
    const chosen = new Set(model.get("chosen"));
    const open = rows.filter((row) => row.choosable);
    for (const row of open) {
      const line = lines.get(row.id);
      line.querySelector("input").checked = line.ariaSelected = chosen.has(row.id);
    }
    const plain = open.filter((row) => !row.wary);
    every.checked = plain.length > 0 && plain.every((row) => chosen.has(row.id));
    every.indeterminate = !every.checked && open.some((row) => chosen.has(row.id));
    every.hidden = !plain.length;
    every.ariaLabel = `Tick all ${plain.length} found`;
  }

  body.addEventListener("keydown", (event) => {
    const line = event.target.closest("tr");
    const ways = { ArrowDown: line.nextSibling, ArrowUp: line.previousSibling, Home: body.firstChild, End: body.lastChild };
    if (event.key in ways) {
      const next = ways[event.key] ?? line; // at an end
      line.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.target !== line) return; // a button or a reason in it
    else if (event.key === " ") line.querySelector("input")?.click();
    else if (event.key === "Enter") line.querySelector("summary")?.click();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would move to another cell
  });
  const drawn = (told, buffers) => told.pictures?.forEach((id, at) => {
    if (pictures.get(id)) return; // another view asked for it, too
    pictures.set(id, URL.createObjectURL(new Blob([buffers[at]], { type: "image/jpeg" })));
    draw(id);
  });
  model.on("change:rows", show);
  model.on("change:chosen", tick);
  model.on("msg:custom", drawn);
  show();
  return () => {
    watch.disconnect();
    model.off("msg:custom", drawn);
    pictures.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
