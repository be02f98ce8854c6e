// Buttons that download files which the kernel reads; each view of the notebook saves only what it asked for itself.
function render({ model, el }) {
  el.classList.add("tj", "tj-downloads");
  const view = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const show = () => {
    el.replaceChildren(...model.get("names").map((name) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `⬇ ${name}`;
      button.title = "Download this file";
      button.addEventListener("click", () => model.send({ name, view }));
      return button;
    }));
  };
  model.on("msg:custom", (told, buffers) => {
    if (told.view !== view) return;
    if (told.problem) {
      const note = document.createElement("span");
      note.role = "alert";
      note.textContent = `✗ ${told.name}: ${told.problem}`;
      el.append(note);
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([buffers[0]], { type: "text/csv" }));
    link.download = told.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  model.on("change:names", show);
  show();
}

export default { render };
