// Cards of media files.
const LONG = 72; // characters: what follows the naming convention is shorter
const FOCUSABLE = "input, summary, button";

// A name's end tells it from its like: a long one is cut in its middle.
function cut(name) {
  if (name.length <= LONG) return name;
  return `${name.slice(0, cutAt(name, LONG / 2))}…${name.slice(cutAt(name, name.length - LONG / 2))}`;
}

function chooser(card, model) {
  const box = Object.assign(make("input"), { type: "checkbox", checked: card.chosen, ariaLabel: `Upload ${card.name}` });
  box.addEventListener("change", () => model.send({ what: "tick", ids: [card.id], on: box.checked }));
  return make("label", "tj-card-choose", box, "Upload");
}

// One line; the rest is behind it.
function reason(card) {
  const [first, ...more] = card.reasons;
  if (!more.length && first.length <= 90) return make("div", "tj-card-reason", first);
  return make("details", "tj-card-reason", make("summary", "", first), ...more.map((text) => make("div", "", text)));
}

function picture(card, model) {
  const play = make("button", "tj-card-picture", make("span", "tj-card-wait", card.drawable ? "…" : "no picture"));
  const title = `${card.moving ? "Play" : "Enlarge"} ${card.name}`;
  play.addEventListener("click", () => model.send({ what: "play", ids: [card.id] }));
  return Object.assign(play, { type: "button", ariaLabel: title, disabled: !card.drawable });
}

function build(card, model) {
  const box = make("div", "tj-card", picture(card, model), make("div"));
  box.dataset.id = card.id;
  return box;
}

function describe(box, card, model) {
  const verdict = make("div", `tj-verdict ${card.css}`, make("span", "tj-mark", card.mark), make("span", "", card.verdict));
  const head = make("div", "tj-card-head", verdict, ...(card.choosable ? [chooser(card, model)] : []));
  const marks = card.marks.map((mark) => make("div", "tj-card-mark", mark));
  const name = Object.assign(make("div", "tj-card-name", cut(card.name)), { title: card.name });
  const told = [card.type, card.dimensions, card.duration, card.size, card.pair && `pair: ${card.pair}`].filter(Boolean);
  const facts = make("div", "tj-card-facts", ...told.map((fact) => make("span", "", fact)));
  const why = card.reasons.length ? [reason(card)] : [];
  const text = make("div", "tj-card-text", head, ...marks, name, facts, ...why, ...askers(card, model));
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
  const { of: address, free } = addresses();

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
      const image = Object.assign(make("img"), { alt: "", src: address(data) });
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
  return () => free();
}

export default { render };
