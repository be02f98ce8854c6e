// Two creatives laid on one another, a slider between them; of what moves, at one moment after the other.
function render({ model, el }) {
  el.classList.add("tj", "tj-laid");
  const { of: address, free } = addresses();

  function build() {
    const moments = model.get("moments");
    free();
    el.replaceChildren();
    if (!moments.length) return;
    const [mine, theirs] = ["mine", "theirs"].map((which) => moments.map((one) => address(one[which])));
    const [below, above] = ["This file", "The other one, laid on it"].map((alt) => Object.assign(make("img"), { alt, draggable: false }));
    const edge = make("div", "tj-laid-edge");
    const marks = make("div", "tj-laid-marks", ...model.get("changed").map(([left, top, width, height]) => {
      const mark = make("div", "tj-laid-mark");
      Object.assign(mark.style, { left: percent(left), top: percent(top), width: percent(width), height: percent(height) });
      return mark;
    }));
    const frame = make("div", "tj-laid-frame", below, above, edge, marks);
    const between = Object.assign(slider("How much of the other one is shown", 1, 0.01), { value: 0.5 });
    const time = slider("Which moment is shown", moments.length - 1, 1);
    time.value = Math.floor(moments.length / 2);
    const words = make("span", "tj-count");
    const shown = Object.assign(make("input"), { type: "checkbox", checked: true });
    const slide = () => {
      above.style.clipPath = `inset(0 0 0 ${percent(1 - between.value)})`;
      edge.style.left = percent(1 - between.value);
    };
    const show = () => {
      const at = Number(time.value);
      below.src = mine[at];
      above.src = theirs[at];
      words.textContent = moments[at].told;
    };
    between.oninput = slide;
    time.oninput = show;
    shown.onchange = () => { marks.hidden = !shown.checked; };
    const rows = [make("div", "tj-laid-row", make("span", "", "This file"), between, make("span", "", "The other one"))];
    if (moments.length > 1) rows.push(make("div", "tj-laid-row", time, words));
    if (marks.children.length) rows.push(make("label", "tj-laid-row", shown, " Mark what differs"));
    el.append(frame, make("div", "", ...rows));
    slide();
    show();
  }

  model.on("change:moments", build);
  build();
  return () => free();
}

export default { render };
