// Files dropped or chosen, sent to the server piece by piece. The kernel says under which names, and hears when all are there.
const PIECE = 8 * 1024 * 1024; // bytes
const CLICK = 400; // ms in which a mouse button is pressed and let go
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

async function below(entry, path) {
  if (entry.isFile) return [[path, await new Promise((done, failed) => entry.file(done, failed))]];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a folder tells of a hundred at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found;
    for (const one of some) found.push(...await below(one, `${path}/${one.name}`));
  }
}

async function dropped(transfer) {
  const items = [...transfer.items].filter((one) => one.kind === "file").map((one) => [one.webkitGetAsEntry(), one.getAsFile()]);
  const found = await Promise.all(items.map(([entry, file]) => (entry ? below(entry, entry.name) : [[file.name, file]])));
  return found.flat();
}

function encoded(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(new Error("the file can't be read any more"));
    reader.readAsDataURL(blob);
  });
}

async function put(config, path, file, signal, sent) {
  const headers = { "Content-Type": "application/json" };
  const cookie = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
  if (cookie) headers["X-XSRFToken"] = cookie[1];
  if (config.token) headers.Authorization = `token ${config.token}`;
  const pieces = Math.max(1, Math.ceil(file.size / PIECE));
  for (let piece = 1; piece <= pieces; piece++) {
    const part = file.slice((piece - 1) * PIECE, piece * PIECE);
    const body = { type: "file", format: "base64", content: file.size ? await encoded(part) : "" };
    if (pieces > 1) body.chunk = piece === pieces ? -1 : piece;
    const address = `${config.baseUrl}api/contents/${path.split("/").map(encodeURIComponent).join("/")}`;
    const answer = await fetch(address, { method: "PUT", headers, body: JSON.stringify(body), signal });
    if (!answer.ok) throw new Error(`the server says ${answer.status} ${answer.statusText}`);
    sent(part.size);
  }
}

function render({ model, el }) {
  el.classList.add("tj");
  const view = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
  const zone = make("div", "tj-drop");
  const words = make("strong");
  const status = make("span", "tj-count");
  status.setAttribute("role", "status");
  const bar = make("progress");
  const stop = make("button", "", "Cancel");
  const hint = make("div", "tj-note", "In a terminal: tjtools prepare DIR");
  const choosers = [["Choose a folder", "webkitdirectory"], ["Choose files", "multiple"]].map(([label, kind]) => {
    const input = make("input");
    Object.assign(input, { type: "file", hidden: true, [kind]: true });
    input.addEventListener("change", () => {
      offer([...input.files].map((file) => [file.webkitRelativePath || file.name, file]));
      input.value = "";
    });
    const button = make("button", "", label);
    button.addEventListener("click", () => input.click());
    return [button, input];
  });
  zone.append(words, ...choosers.flat(), bar, stop, status, hint);
  el.append(zone);
  let files = null; // those that are offered or on their way
  let late = ""; // a word about others
  let abort = null;

  function show(text = "") {
    const whole = model.get("whole");
    zone.classList.toggle("tj-drop-whole", whole);
    if (!files) late = "";
    words.textContent = files ? late : `Drop ${whole ? "your" : "more"} files here, or`;
    choosers.forEach(([button]) => { button.hidden = Boolean(files); });
    bar.hidden = stop.hidden = !abort;
    hint.hidden = !whole || Boolean(files);
    status.textContent = text;
  }

  function offer(found) {
    if (files) {
      late = "One delivery at a time: drop the others again when these are there.";
      show(status.textContent);
      return;
    }
    if (!found.length) return show("There is no file in it.");
    files = found;
    show("…");
    const told = found.map(([path, file]) => [path, file.size]);
    model.send({ what: "offer", view, root: config.serverRoot ?? "", files: told });
  }

  async function send({ to, files: wanted }) {
    abort = new AbortController();
    const total = wanted.reduce((sum, [at]) => sum + files[at][1].size, 0);
    let [done, bytes] = [0, 0];
    const tell = () => {
      Object.assign(bar, { max: total || 1, value: bytes });
      show(`${done} of ${wanted.length} files · ${megabytes(bytes)} of ${megabytes(total)}`);
    };
    let problem = "";
    try {
      tell();
      for (const [at, name] of wanted) {
        await put(config, `${to}/${name}`, files[at][1], abort.signal, (size) => { bytes += size; tell(); });
        done += 1;
      }
    } catch (error) {
      problem = abort.signal.aborted ? "Stopped: nothing was taken." : `✗ Cut off: ${error.message}. Nothing was taken; drop the files again.`;
    }
    model.send({ what: problem ? "broken" : "sent", view });
    files = abort = null;
    show(problem);
  }

  const answer = (told) => {
    if (told.view !== view || !files) return;
    if (!told.problem) return send(told);
    files = null;
    show(`✗ ${told.problem}`);
  };
  const over = (event) => {
    event.preventDefault();
    event.stopPropagation();
    zone.classList.toggle("tj-drop-over", event.type === "dragenter" || event.type === "dragover");
  };
  ["dragenter", "dragover", "dragleave", "drop"].forEach((kind) => zone.addEventListener(kind, over));
  zone.addEventListener("drop", (event) => dropped(event.dataTransfer).then(offer, (error) => show(`✗ ${error.message}`)));
  stop.addEventListener("click", () => abort?.abort());
  const changed = () => { if (!files) show(status.textContent); };
  let coming = 0;
  const back = () => { // the click that brought them back goes first: while the panel looks again, it would be in vain
    clearTimeout(coming);
    coming = setTimeout(() => model.send({ what: "back", view }), CLICK);
  };
  window.addEventListener("focus", back);
  model.on("msg:custom", answer);
  model.on("change:whole", changed);
  show();
  return () => {
    abort?.abort();
    clearTimeout(coming);
    window.removeEventListener("focus", back);
    model.off("msg:custom", answer);
    model.off("change:whole", changed);
  };
}

export default { render };
