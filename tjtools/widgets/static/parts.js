// What the panels' scripts share; each has this before it. Text is text: nothing here takes a string for HTML.
const SIGNS = new Intl.Segmenter(); // a sign can be several characters
const percent = (value) => `${100 * value}%`;

function make(tag, css, ...inside) {
  const element = document.createElement(tag);
  if (css) element.className = css;
  element.append(...inside);
  return element;
}

function slider(label, most, step) {
  return Object.assign(make("input"), { type: "range", min: 0, max: most, step, ariaLabel: label });
}

// The addresses of pictures that the kernel has sent, until they are let go.
function addresses() {
  const urls = new Map(); // by what was sent
  const free = (kept = new Set()) => {
    for (const [data, url] of urls) if (!kept.has(data)) { URL.revokeObjectURL(url); urls.delete(data); }
  };
  const of = (data, type = "image/jpeg") => {
    if (!urls.has(data)) urls.set(data, URL.createObjectURL(new Blob([data], { type })));
    return urls.get(data);
  };
  return { of, free };
}

// Where a name can be cut, at this character or before it.
const cutAt = (name, at) => SIGNS.segment(name).containing(Math.max(0, at))?.index ?? 0;

// The buttons of a file that lead to the place where the kernel shows what was asked for.
function askers(file, model) {
  const asked = [["compare", file.comparable && "Compare", `Compare ${file.name} with what it repeats`, ".tj-evidence"],
    ["mend", file.mend, `${file.mend}: ${file.name}`, ".tj-mend"]];
  return asked.filter(([, label]) => label).map(([what, label, title, place]) => {
    const button = Object.assign(make("button", "", label), { type: "button", ariaLabel: title });
    button.addEventListener("click", () => {
      model.send({ what, ids: [file.id] });
      button.closest(".jp-OutputArea")?.querySelector(place)?.scrollIntoView({ block: "nearest" });
    });
    return button;
  });
}

