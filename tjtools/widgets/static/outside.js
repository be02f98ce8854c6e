// What the desk tells outside its page: the title of the browser's tab, and notices where the person allows them.
const KEPT = { childList: true };

function render({ model, el }) {
  const title = document.querySelector("title");
  const head = () => {
    if (title.textContent !== model.get("heading")) title.textContent = model.get("heading");
  };
  const watch = new MutationObserver(head); // JupyterLab writes its own there
  watch.observe(title, KEPT);
  model.on("change:heading", head);
  head();

  const ask = document.createElement("button");
  ask.type = "button";
  ask.textContent = "Tell me when an upload ends";
  const offer = () => { ask.hidden = !model.get("offers") || !("Notification" in window) || Notification.permission !== "default"; };
  ask.addEventListener("click", async () => { await Notification.requestPermission(); offer(); });
  model.on("change:offers", offer);
  offer();
  el.classList.add("tj", "tj-outside");
  el.append(ask);

  const notify = () => {
    const [body, tag] = model.get("notice"); // one tag: on several pages of the desk, the browser shows one of them
    if (body && "Notification" in window && Notification.permission === "granted") new Notification("tjtools", { body, tag });
  };
  model.on("change:notice", notify);

  const up = () => { // a button at a tab's end leads to the next tab's beginning
    const desk = el.closest(".tj-desk");
    if (desk && desk.getBoundingClientRect().top < 0) desk.scrollIntoView();
  };
  model.on("change:turned", up);
  return () => watch.disconnect();
}

export default { render };
