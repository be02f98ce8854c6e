// A tree of nodes as elements. Text is text: nothing here takes a string for HTML.
const ATTRIBUTES = { css: "class", href: "href", role: "role", title: "title", label: "aria-label", value: "value", max: "max" };

function patch(parent, index, tree) {
  const old = parent.childNodes[index];
  if (typeof tree === "string") {
    if (old && old.nodeType === Node.TEXT_NODE) {
      if (old.data !== tree) old.data = tree;
    } else {
      place(parent, old, document.createTextNode(tree));
    }
    return;
  }
  const [tag, attributes, ...children] = tree;
  const name = { copy: "button", picture: "img" }[tag] ?? tag;
  let element = old;
  if (!old || old.nodeName.toLowerCase() !== name) {
    element = document.createElement(name);
    if (attributes.open) element.open = true; // only at first: afterwards it is the person's
    if (tag === "copy") element.addEventListener("click", () => copy(element));
    place(parent, old, element);
  }
  for (const [key, attribute] of Object.entries(ATTRIBUTES)) {
    if (key in attributes) {
      if (element.getAttribute(attribute) !== String(attributes[key])) element.setAttribute(attribute, attributes[key]);
    } else if (element.hasAttribute(attribute)) {
      element.removeAttribute(attribute);
    }
  }
  if (tag === "copy") {
    element.type = "button";
    const text = children.join("");
    element.busy &&= element.copied === text; // else it would say of another text that it is copied
    element.copied = text;
    element.says = attributes.says || "Copy";
    if (!element.busy) element.textContent = element.says;
    return;
  }
  if (tag === "picture") {
    const source = `data:image/jpeg;base64,${attributes.jpeg}`;
    if (element.src !== source) element.src = source;
    element.alt = attributes.label || "";
    return;
  }
  if (attributes.site) visit(element, attributes.site);
  children.forEach((child, number) => patch(element, number, child));
  while (element.childNodes.length > children.length) element.lastChild.remove();
}

function place(parent, old, fresh) {
  if (old) old.replaceWith(fresh);
  else parent.append(fresh);
}

async function copy(button) {
  button.busy = true;
  const say = (words) => { if (button.busy) button.textContent = words; };
  try {
    await navigator.clipboard.writeText(button.copied);
    say("Copied");
  } catch {
    say("Select the text and press Ctrl+C"); // a page that isn't https on another machine
  }
  setTimeout(() => { button.busy = false; button.textContent = button.says; }, 2000);
}

// The network's own site, in a tab of its own that can't reach back into this one.
function visit(link, address) {
  const page = URL.canParse(address) ? new URL(address) : null;
  if (!page || !["http:", "https:"].includes(page.protocol)) return;
  link.href = page.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

function render({ model, el }) {
  el.classList.add("tj");
  const show = () => {
    const tree = model.get("tree");
    patch(el, 0, tree.length === 1 ? tree[0] : tree); // a text alone is a tree of one
  };
  model.on("change:tree", show);
  show();
}

export default { render };
