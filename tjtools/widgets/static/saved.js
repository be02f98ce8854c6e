// A button; the kernel answers a click with what the file holds, and the view that asked saves it.
const TYPES = { csv: "text/csv;charset=utf-8", png: "image/png", zip: "application/zip" };

function save(data, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type: TYPES[name.split(".").pop()] }));
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
  button.title = "Download this file";
  const note = document.createElement("span");
  note.role = "alert";
  button.addEventListener("click", () => {
    if (button.ariaBusy) return; // one that is disabled would lose the focus
    button.ariaBusy = "true";
    model.send({ view });
  });
  const answer = (told, buffers) => {
    if (told.view !== view) return;
    button.ariaBusy = null;
    note.textContent = told.problem ? ` ✗ ${model.get("filename")}: ${told.problem}` : "";
    if (!told.problem) save(buffers[0], model.get("filename"));
  };
  model.on("msg:custom", answer);
  el.append(button, note);
  return () => model.off("msg:custom", answer);
}

export default { render };
