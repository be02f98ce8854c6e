// The session's files as rows, of which more are built as a person comes to their end: thousands at once take many seconds.
const SOME = 200;
const TAIL = 16; // characters of a name's end, which are always seen
const NUMBERS = ["dimensions", "duration", "size"];
const WORDS = new Intl.Collator(undefined, { numeric: true }); // localeCompare would make one for each pair

function cut(name) {
  const at = cutAt(name, name.length - TAIL);
  const whole = make("span", "tj-cut", make("span", "", name.slice(0, at)), make("span", "", name.slice(at)));
  whole.title = name;
  return whole;
}

function reasons(row, model) {
  const cell = make("div");
  const [first, ...rest] = [...row.marks, ...row.reasons];
  if (first) {
    const all = [first, ...rest].map((text) => make("p", "", text));
    const more = rest.length ? make("span", "tj-count", ` +${rest.length}`) : "";
    cell.append(make("details", "", make("summary", "", make("span", "", first), more), ...all));
  }
  cell.append(...askers(row, model));
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
  const end = make("div", "tj-count");
  const room = make("div", "tj-work-room", table, end);
  el.append(room);
  const every = Object.assign(make("input"), { type: "checkbox" });
  every.onchange = () => model.send({ what: "all", on: every.checked });
  const pictures = new Map(); // by id, kept while the rows come and go
  let sort = { key: "", down: false };
  let rows = []; // those that are shown: the model's may be others already
  let sorted = [];
  let lines = new Map(); // those that are built, by id
  let columns = [];
  let chosen = new Set();

  const watch = new IntersectionObserver((seen) => {
    const wanted = seen.filter((one) => one.isIntersecting).map((one) => one.target.dataset.id).filter((id) => !pictures.has(id));
    wanted.forEach((id) => pictures.set(id, ""));
    if (wanted.length) model.send({ what: "pictures", ids: wanted });
  }, { root: room, rootMargin: "300px" });

  const reach = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) more(); }, { root: room, rootMargin: "600px" });
  reach.observe(end);

  function draw(id) {
    const image = Object.assign(make("img"), { alt: "", src: pictures.get(id) || "" });
    if (pictures.get(id)) lines.get(id)?.querySelector(".tj-small").replaceChildren(image);
  }

  function order() {
    const value = (row) => (sort.key in row.order ? row.order[sort.key] : String(row[sort.key] ?? ""));
    const compare = (one, other) => (typeof one === "number" ? one - other : WORDS.compare(one, other));
    sorted = [...rows];
    if (sort.key) sorted.sort((one, other) => compare(value(one), value(other)) * (sort.down ? -1 : 1));
    const many = Math.max(SOME, body.children.length);
    body.replaceChildren();
    more(many);
    lines.forEach((line, id) => { if (!line.parentNode) lines.delete(id); });
    for (const cell of head.querySelectorAll("[data-key]")) {
      cell.ariaSort = cell.dataset.key !== sort.key ? "none" : sort.down ? "descending" : "ascending";
    }
  }

  // Shows so many rows more.
  function more(many = SOME) {
    const from = body.children.length;
    for (const row of sorted.slice(from, from + many)) {
      const line = lines.get(row.id) ?? build(row, columns, model);
      lines.set(row.id, line);
      body.append(line);
      mark(row);
      watch.observe(line);
      draw(row.id);
    }
    const entry = body.querySelector("[tabindex='0']") ?? body.firstChild; // for the Tab key
    if (entry) entry.tabIndex = 0;
    const all = body.children.length === rows.length;
    end.textContent = all ? "" : `${body.children.length.toLocaleString()} of ${rows.length.toLocaleString()} shown; scroll on for more`;
  }

  function show() {
    rows = model.get("rows");
    const all = { verdict: "Verdict", ...model.get("heads"), pair: "Pair", reasons: "Reason" };
    const told = (row, key) => (key === "reasons" ? row.marks.length + row.reasons.length || row.comparable || row.mend : row[key]);
    const names = Object.fromEntries(Object.entries(all).filter(([key]) => rows.some((row) => told(row, key))));
    columns = Object.keys(names).slice(1);
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
    lines = new Map();
    order();
    if (lines.has(active)) {
      body.querySelector("[tabindex='0']").tabIndex = -1;
      lines.get(active).tabIndex = 0;
      lines.get(active).focus({ preventScroll: true });
    }
    tick();
  }

  function mark(row) {
    const line = lines.get(row.id);
    if (line && row.choosable) line.querySelector("input").checked = line.ariaSelected = chosen.has(row.id);
  }

  function tick() {
    chosen = new Set(model.get("chosen"));
    const open = rows.filter((row) => row.choosable);
    open.forEach(mark);
    const plain = open.filter((row) => !row.wary);
    every.checked = plain.length > 0 && plain.every((row) => chosen.has(row.id));
    every.indeterminate = !every.checked && open.some((row) => chosen.has(row.id));
    every.hidden = !plain.length;
    every.ariaLabel = `Tick all ${plain.length} found`;
  }

  body.addEventListener("keydown", (event) => {
    const line = event.target.closest("tr");
    if (event.key === "End" || (event.key === "ArrowDown" && line === body.lastChild)) more();
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
    reach.disconnect();
    model.off("msg:custom", drawn);
    pictures.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
