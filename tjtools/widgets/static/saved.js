// A button; the kernel answers a click with the text, and the view that asked saves it as a file.
function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function render({ model, el }) {
  el.classList.add("tj");
  const view = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = model.get("label");
  button.addEventListener("click", () => model.send({ view }));
  const answer = (told) => { if (told.view === view) save(told.text, model.get("filename")); };
  model.on("msg:custom", answer);
  el.append(button);
  return () => model.off("msg:custom", answer);
}

export default { render };
