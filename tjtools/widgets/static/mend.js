// A file before and after it is made to fit. What is moved here shows at once; the kernel hears of it when it is let go.
const seconds = (value) => `${Number(value.toFixed(1))} s`;

function side(title, size, shape) {
  const image = Object.assign(make("img"), { alt: "", draggable: false });
  const frame = make("div", "tj-mend-frame", image);
  frame.style.aspectRatio = size.join(" / ");
  frame.style.width = `min(100%, ${Math.round(260 * size[0] / size[1])}px)`;
  return { box: make("figure", "tj-mend-side", make("figcaption", "", make("strong", "", title), ` ${size.join("x")}`), frame), frame, image };
}

function render({ model, el }) {
  el.classList.add("tj");
  const { of: address, free } = addresses();
  let state = { crop: 0.5, letterbox: false, start: 0, still: null };
  let looked = "start"; // which of the two was chosen last
  let parts = null;

  const tell = () => {
    for (const [name, value] of Object.entries(state)) model.set(name, value);
    model.save_changes();
  };
  const hear = () => {
    state = { crop: model.get("crop"), letterbox: model.get("letterbox"), start: model.get("start"), still: model.get("still") };
    if (parts) place();
  };

  function choices(shape) {
    const upright = shape.side === "height";
    const place_ = slider(upright ? "Which part is kept, from the top to the bottom" : "Which part is kept, from left to right", 1, 0.01);
    const ends = upright ? ["Top", "Bottom"] : ["Left", "Right"];
    place_.oninput = () => { state.crop = Number(place_.value); place(); };
    place_.onchange = tell;
    const bars = Object.assign(make("input"), { type: "checkbox" });
    bars.onchange = () => { state.letterbox = bars.checked; place(); tell(); };
    const row = make("div", "tj-mend-row", make("span", "", ends[0]), place_, make("span", "", ends[1]),
      make("label", "", bars, " All of it, between black bars"));
    return { row, place: place_, bars };
  }

  function timeline(shape) {
    const last = Math.max(0, shape.lasts - (shape.length || 0.1));
    const time = slider(shape.length ? "Where the cut begins" : "Which frame is the still", last, 0.1);
    time.oninput = () => { state.start = Number(time.value); looked = "start"; place(); };
    const frame = slider("Which frame is the still", Math.max(0, shape.lasts - 0.1), 0.1);
    frame.oninput = () => { state.still = Number(frame.value); looked = "still"; place(); };
    time.onchange = frame.onchange = tell;
    const strip = make("div", "tj-mend-strip");
    const kept = make("div", shape.length ? "tj-mend-kept" : "tj-mend-kept tj-mend-moment");
    const moment = make("div", "tj-mend-kept tj-mend-moment");
    const room = make("div", "tj-mend-time", strip, kept, time, ...(shape.still ? [moment, frame] : []));
    room.addEventListener("click", (event) => {
      if (event.target === time || event.target === frame) return;
      const at = (event.clientX - room.getBoundingClientRect().left) / room.clientWidth * shape.lasts - shape.length / 2;
      state.start = Number(Math.min(last, Math.max(0, at)).toFixed(1));
      looked = "start";
      place();
      tell();
    });
    const words = make("span", "tj-count");
    return { row: make("div", "", room, words), time, strip, kept, words, frame, moment };
  }

  function build() {
    const shape = model.get("shape");
    parts = null;
    looked = "start";
    el.replaceChildren();
    if (!shape.before) return;
    const before = side("Before", shape.before), after = side("After", shape.after);
    const kept = make("div", "tj-mend-box");
    before.frame.append(kept);
    parts = { shape, before, after, kept, crop: shape.kept < 1 ? choices(shape) : null, time: shape.lasts ? timeline(shape) : null };
    el.append(make("div", "tj-mend-sides", before.box, after.box), ...(parts.crop ? [parts.crop.row] : []), ...(parts.time ? [parts.time.row] : []));
    if (parts.crop) drag(before.frame, shape);
    draw();
    hear();
  }

  // The kept part follows the pointer.
  function drag(frame, shape) {
    frame.classList.add("tj-mend-drag");
    const move = (event) => {
      const room = frame.getBoundingClientRect();
      const at = shape.side === "height" ? (event.clientY - room.top) / room.height : (event.clientX - room.left) / room.width;
      Object.assign(state, { letterbox: false, crop: Math.min(1, Math.max(0, (at - shape.kept / 2) / (1 - shape.kept))) });
      place();
    };
    frame.onpointerdown = (event) => { frame.setPointerCapture(event.pointerId); move(event); frame.onpointermove = move; };
    frame.onpointerup = frame.onpointercancel = () => { if (frame.onpointermove) tell(); frame.onpointermove = null; };
  }

  // The second of the still: where the person put it, or within the cut.
  const still = () => state.still ?? state.start + parts.shape.still * parts.shape.length;

  // The nearest picture that there is: the exact one comes when the slider is let go.
  function picture() {
    const exact = model.get("frame"), pictures = model.get("pictures");
    const at = looked === "still" ? still() : state.start;
    if (exact.data && (!parts.shape.lasts || Math.abs(exact.at - at) < 0.05)) return exact.data;
    return pictures[Math.min(pictures.length - 1, Math.round(at / parts.shape.lasts * pictures.length))] ?? exact.data;
  }

  function draw() {
    if (!parts) return;
    const strip = model.get("pictures").map((data) => Object.assign(make("img"), { alt: "", src: address(data), draggable: false }));
    parts.time?.strip.replaceChildren(...strip);
    free(new Set([...model.get("pictures"), model.get("frame").data]));
    place();
  }

  function place() {
    const { shape, before, after, kept, crop, time } = parts;
    const data = picture();
    for (const one of [before, after]) {
      one.image.hidden = !data;
      if (data && one.image.src !== address(data)) one.image.src = address(data);
    }
    const upright = shape.side === "height", at = (1 - shape.kept) * state.crop, whole = state.letterbox || shape.kept === 1;
    kept.hidden = whole;
    Object.assign(kept.style, upright ? { top: percent(at), height: percent(shape.kept), left: 0, width: "100%" } : { left: percent(at), width: percent(shape.kept), top: 0, height: "100%" });
    Object.assign(after.image.style, { objectFit: whole ? "contain" : "fill", left: 0, top: 0, width: "100%", height: "100%" });
    if (!whole) {
      Object.assign(after.image.style, upright ? { height: percent(1 / shape.kept), top: percent(-at / shape.kept) } : { width: percent(1 / shape.kept), left: percent(-at / shape.kept) });
    }
    if (crop) Object.assign(crop.place, { value: state.crop, disabled: state.letterbox }), crop.bars.checked = state.letterbox;
    if (time) {
      time.time.value = state.start;
      Object.assign(time.kept.style, { left: percent(state.start / shape.lasts), width: shape.length ? percent(shape.length / shape.lasts) : "" });
      time.words.textContent = shape.length
        ? `${seconds(state.start)} to ${seconds(state.start + shape.length)} of ${seconds(shape.lasts)}`
        : `The frame at ${seconds(state.start)} of ${seconds(shape.lasts)}`;
      if (shape.still) {
        time.frame.value = still();
        time.moment.style.left = percent(still() / shape.lasts);
        time.words.textContent += `, its still at ${seconds(still())}`;
      }
    }
  }

  const follows = { shape: build, pictures: draw, frame: draw, crop: hear, letterbox: hear, start: hear, still: hear };
  for (const [name, heard] of Object.entries(follows)) model.on(`change:${name}`, heard);
  build();
  return () => free();
}

export default { render };
