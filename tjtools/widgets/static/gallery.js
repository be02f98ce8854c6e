// Cards of media files. Text is set with textContent; nothing here takes a string for HTML.
const LONG = 72; // characters: what follows the naming convention is shorter
const SIGNS = new Intl.Segmenter(); // a sign can be several characters
const FOCUSABLE = "input, summary, button";

function make(tag, css, text) {
  const element = document.createElement(tag);
  if (css) element.className = css;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A name's end tells it from its like: a long one is cut in its middle.
function cut(name) {
  const before = (at) => SIGNS.segment(name).containing(at).index;
  return name.length > LONG ? `${name.slice(0, before(LONG / 2))}…${name.slice(before(name.length - LONG / 2))}` : name;
}

function facts(card) {
  const parts = card.facts.filter(Boolean).map((fact) => make("span", "", fact));
  const list = make("div", "tj-card-facts");
  list.append(...parts);
  return list;
}

function chooser(card, model) {
  const label = make("label", "tj-card-choose");
  const box = make("input");
  box.type = "checkbox";
  box.checked = card.chosen;
  box.setAttribute("aria-label", `Upload ${card.name}`);
  box.addEventListener("change", () => model.send({ what: "tick", id: card.id, on: box.checked }));
  label.append(box, document.createTextNode("Upload"));
  return label;
}

// One line; the rest is behind it.
function reason(card) {
  const [first, ...more] = card.reason;
  if (!more.length && first.length <= 90) return make("div", "tj-card-reason", first);
  const fold = make("details", "tj-card-reason");
  fold.append(make("summary", "", first), ...more.map((text) => make("div", "", text)));
  return fold;
}

// Leads to the place where the kernel shows what was asked for.
function asker(card, model, what, label, title, place) {
  const button = make("button", "tj-card-compare", label);
  button.type = "button";
  button.setAttribute("aria-label", title);
  button.addEventListener("click", () => {
    model.send({ what, id: card.id });
    button.closest(".jp-OutputArea")?.querySelector(place)?.scrollIntoView({ block: "nearest" });
  });
  return button;
}

function picture(card, model) {
  const play = make("button", "tj-card-picture");
  play.type = "button";
  play.setAttribute("aria-label", `${card.moving ? "Play" : "Enlarge"} ${card.name}`);
  play.append(make("span", "tj-card-wait", card.drawable ? "…" : "no picture"));
  play.disabled = !card.drawable;
  play.addEventListener("click", () => model.send({ what: "play", id: card.id }));
  return play;
}

function build(card, model) {
  const box = make("div", "tj-card");
  box.dataset.id = card.id;
  box.append(picture(card, model), make("div", ""));
  return box;
}

function describe(box, card, model) {
  const text = make("div", "tj-card-text");
  const verdict = make("div", `tj-verdict ${card.css}`);
  verdict.append(make("span", "tj-mark", card.mark), make("span", "", card.verdict));
  const head = make("div", "tj-card-head");
  head.append(verdict);
  if (card.choosable) head.append(chooser(card, model));
  const marks = card.marks.map((mark) => make("div", "tj-card-mark", mark));
  const name = make("div", "tj-card-name", cut(card.name));
  name.title = card.name;
  text.append(head, ...marks, name, facts(card));
  if (card.reason.length) text.append(reason(card));
  const [compare, mend] = [`Compare ${card.name} with what it repeats`, `${card.mend}: ${card.name}`];
  if (card.comparable) text.append(asker(card, model, "compare", "Compare", compare, ".tj-evidence"));
  if (card.mend) text.append(asker(card, model, "mend", card.mend, mend, ".tj-mend"));
  const unfolded = box.querySelector("details")?.open;
  const focused = [...box.lastChild.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  box.lastChild.replaceWith(text);
  text.querySelectorAll(FOCUSABLE)[focused]?.focus();
  if (unfolded) box.querySelector("details").open = true;
  box.classList.toggle("tj-left-out", card.choosable && !card.chosen);
}

function render({ model, el }) {
  el.classList.add("tj");
  const grid = make("div", "tj-gallery");
  el.append(grid);
  const urls = [];
  const free = () => urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
  const address = (data, type) => {
    urls.push(URL.createObjectURL(new Blob([data], { type })));
    return urls.at(-1);
  };

  function show() {
    const cards = model.get("cards");
    const key = JSON.stringify(cards.map((card) => [card.id, card.group]));
    if (grid.dataset.key !== key) {
      const heads = cards.map((card, at) => (card.group === cards[at - 1]?.group ? [] : [make("h3", "tj-group", card.group)]));
      grid.replaceChildren(...cards.flatMap((card, at) => [...heads[at], build(card, model)]));
      grid.dataset.key = key;
      free();
    }
    const boxes = grid.querySelectorAll(".tj-card");
    cards.forEach((card, at) => describe(boxes[at], card, model));
  }

  function draw() {
    for (const [id, data] of Object.entries(model.get("posters"))) {
      const button = grid.querySelector(`[data-id="${CSS.escape(id)}"] .tj-card-picture`);
      if (!button || button.dataset.drawn) continue;
      button.dataset.drawn = "yes";
      if (!data.byteLength) {
        button.replaceChildren(make("span", "tj-card-wait", "no picture"));
        button.disabled = true;
        continue;
      }
      const image = make("img");
      image.alt = "";
      image.src = address(data, "image/jpeg");
      const moving = model.get("cards").find((card) => card.id === id)?.moving;
      button.replaceChildren(image, ...(moving ? [make("span", "tj-card-play", "▶")] : []));
    }
  }

  function play({ playing, type, problem }, buffers) {
    const button = grid.querySelector(`[data-id="${CSS.escape(playing)}"] .tj-card-picture`);
    if (!button) return;
    if (problem) {
      button.querySelector(".tj-card-problem")?.remove();
      button.append(make("span", "tj-card-problem", problem));
      return;
    }
    const moving = type.startsWith("video");
    const media = make(moving ? "video" : "img", "tj-card-media");
    media.src = address(buffers[0], type);
    if (moving) Object.assign(media, { controls: true, autoplay: true, loop: true, muted: true });
    else Object.assign(media, { alt: model.get("cards").find((card) => card.id === playing).name, tabIndex: -1 });
    button.replaceWith(media);
    media.focus();
  }

  model.on("change:cards", () => { show(); draw(); });
  model.on("change:posters", draw);
  model.on("msg:custom", play);
  show();
  draw();
  return free;
}

export default { render };
