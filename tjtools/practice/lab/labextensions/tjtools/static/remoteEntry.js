// JupyterLab's side of the desk, written by hand: no build. It runs the desk's cells once the kernel is there, says what
// to do when the kernel of a panel is gone, and has JupyterLab ask for no saving of what a panel has shown.
(() => {
  const NAME = "tjtools";
  // The desk as tjtools ships it: a notebook whose code cells are any other is never run by itself.
  const DESK = [
    "workspace = None  # or a folder: papermill sets it",
    "from tjtools.widgets import open_desk\n\ndesk = open_desk(workspace)",
    "print(desk.summary)",
  ];
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const UNREAD = ["parameters", "tjtools-test"]; // cells that nobody reads
  const THROWN_AWAY = ["tjtools-test", "nbval-ignore-output"]; // cells whose outputs nobody misses
  const STILL = 100; // ms without a change, after which what is redrawn is there
  const PATIENCE = 1500; // ms without the server before it is told
  const STYLE = `
    .tj-ours .jp-Cell.tj-unread { display: none; }
    .tj-desk-page .jp-Cell.jp-MarkdownCell, .tj-desk-page .jp-InputPlaceholder, .tj-desk-page .jp-Notebook-footer,
    .tj-desk-page .jp-InputPrompt, .tj-desk-page .jp-OutputPrompt, .tj-desk-page .jp-Collapser,
    .tj-desk-page .jp-cell-toolbar, .tj-desk-page .jp-OutputArea-promptOverlay, .tj-desk-page .jp-Cell-inputWrapper:has(> .jp-InputPlaceholder) { display: none; }
    .tj-desk-page:not(:has(.jupyter-widgets))::before { content: "Opening the desk …"; position: absolute; z-index: 1; top: 40%; width: 100%;
      text-align: center; font-size: 16px; color: var(--jp-ui-font-color1); }
    .tj-gone .jp-Cell-outputArea:has(.jupyter-widgets) { opacity: .45; filter: grayscale(1); pointer-events: none; }
    .tj-gone .jupyter-widgets-disconnected::before { content: none; }
    .tj-gone-bar { min-height: 46px; box-sizing: border-box; display: flex; align-items: center; gap: 12px; padding: 8px 14px; font-size: var(--jp-ui-font-size1);
      color: var(--jp-ui-font-color1); background: var(--jp-layout-color2); border-left: 10px solid var(--jp-warn-color1); }
    .tj-gone-bar button { font: inherit; font-weight: 600; padding: 4px 14px; border: 0; border-radius: 4px; cursor: pointer;
      color: var(--jp-ui-inverse-font-color1); background: var(--jp-brand-color1); }
  `;

  const codeOf = cells => cells.filter(cell => cell.type === "code");
  const sourceOf = cell => cell.sharedModel.getSource();
  const cellsOf = panel => Array.from(panel.content.model.cells);
  const tagged = (cell, tags) => (cell.getMetadata("tags") || []).some(tag => tags.includes(tag));
  const hasView = cell => cell.sharedModel.getOutputs().some(output => output.data && VIEW in output.data);
  const isOurs = panel => codeOf(cellsOf(panel)).some(cell => sourceOf(cell).includes("tjtools.widgets"));

  function isDesk(panel) {
    const found = codeOf(cellsOf(panel)).map(sourceOf);
    return found.length === DESK.length && found.every((source, place) => source === DESK[place]);
  }

  /** Everything that a person would miss: not what a panel shows, nor what running it again makes. */
  function toSave(panel) {
    return JSON.stringify(cellsOf(panel).map(cell => {
      const { trusted, collapsed, scrolled, execution, jupyter, "jp-MarkdownHeadingCollapsed": folded, ...metadata } = cell.metadata;
      const thrown = cell.type !== "code" || tagged(cell, THROWN_AWAY) || hasView(cell);
      return [cell.type, sourceOf(cell), metadata, thrown ? [] : cell.sharedModel.getOutputs()];
    }));
  }

  const REACHED = "button, input, select, textarea, summary, a[href], [tabindex]";
  const SHOWN = { childList: true, subtree: true, attributeFilter: ["disabled", "hidden", "style", "class"] };
  const reachable = one => one.isConnected && !one.disabled && one.checkVisibility();
  const isStop = one => one.querySelector(".fa-stop") !== null; // a key pressed twice must not stop what it has begun
  const inTurn = one => (one.matches(".lm-TabBar-tab") ? one.matches(".lm-mod-current") : one.tabIndex >= 0);
  const wordsOf = one => (one.ariaLabel || one.textContent).replace(/[^\p{L}\p{N}]/gu, ""); // a mark before them may change

  /** The keyboard's place among what panels show: where that is redrawn or goes, what stands there now has it. */
  class Place {
    constructor(node) {
      this.node = node;
      this.note(node);
      node.addEventListener("focusin", ({ target }) => { if (target !== this.heir) this.note(target); });
      node.addEventListener("pointerdown", () => { this.held = null; }); // beside everything: a person lets go of it
      node.addEventListener("keydown", event => { // an arrow in a list would go to another cell, and d d delete this one
        if (this.heir) this.note(this.heir);
        if (event.repeat && event.key === "Enter" && event.target.closest(".jp-OutputArea button")) event.preventDefault(); // held too long, it would press what comes to stand there
        if (event.target.closest(".jupyter-widgets") && !(event.ctrlKey || event.altKey || event.metaKey)) event.stopPropagation();
      });
      new MutationObserver(() => {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => this.keep(), STILL);
      }).observe(node, SHOWN);
    }

    note(target) {
      this.heir = null; // of what is lost: until a person goes on from there, a better one may come
      this.held = target.closest(".jp-OutputArea") && target;
      this.around = this.held ? this.reached() : [];
      this.byMouse = !target.matches(":focus-visible"); // then what the person looks at stays where it is
    }

    reached() {
      return [...this.node.querySelectorAll(REACHED)].filter(one => one.closest(".jp-OutputArea") && inTurn(one) && reachable(one));
    }

    isLost() {
      return this.held && [document.body, this.heir].includes(document.activeElement);
    }

    keep() {
      if (!this.isLost() || (this.held.disabled && this.held.checkVisibility())) return; // it may work again
      this.heir = this.nearest();
      this.heir?.focus({ preventScroll: this.byMouse });
    }

    /** Itself; the label of the tab that is shown now; what says the same in its place; the step's main button. */
    nearest() {
      if (reachable(this.held)) return this.held;
      const now = this.reached();
      const at = this.around.indexOf(this.held);
      const from = now.indexOf(this.around.slice(0, Math.max(at, 0)).findLast(one => now.includes(one))) + 1;
      const until = this.around.slice(at + 1).find(one => now.includes(one));
      const fresh = now.slice(from, until ? now.indexOf(until) : now.length);
      const label = fresh.find(one => one.matches(".lm-TabBar-tab"));
      const words = wordsOf(this.held);
      return label ?? fresh.find(one => wordsOf(one) === words) ?? now.find(one => one.matches(".mod-primary"))
        ?? now.slice(from).find(one => !isStop(one)) ?? now[0];
    }
  }

  class Attended {
    constructor(panel, lab) {
      this.panel = panel;
      this.lab = lab; // JupyterLab's own modules
      this.bar = null;
      this.waiting = 0;
      panel.addClass("tj-ours");
      new Place(panel.content.node);
      this.forget();
      this.mark();
      panel.content.model.cells.changed.connect(() => this.mark());
      this.keepClean();
      const session = panel.sessionContext;
      panel._autorestarting = true; // JupyterLab's own question about it would be one more click
      session.statusChanged.connect((_, status) => {
        this.hear(status);
        panel._autorestarting = true;
      });
      session.kernelChanged.connect((_, { oldValue, newValue }) => oldValue && this.gone(newValue ? "was restarted" : "has ended"));
      session.connectionStatusChanged.connect((_, status) => this.hearServer(status));
      if (isDesk(panel)) this.begin();
    }

    /** Views of a kernel that is gone: JupyterLab would say "model not found". */
    forget() {
      codeOf(cellsOf(this.panel)).filter(hasView).forEach(cell => cell.clearExecution());
      this.panel.content.model.dirty = false;
    }

    mark() {
      const desk = isDesk(this.panel);
      this.panel.toggleClass("tj-desk-page", desk);
      this.panel.toolbar.setHidden(desk);
      for (const widget of this.panel.content.widgets) widget.toggleClass("tj-unread", tagged(widget.model, UNREAD));
    }

    keepClean() {
      const { context, content } = this.panel;
      let saved = toSave(this.panel);
      context.saveState.connect((_, state) => { if (state === "completed") saved = toSave(this.panel); });
      content.model.stateChanged.connect((_, change) => {
        if (change.name === "dirty" && change.newValue && toSave(this.panel) === saved) content.model.dirty = false;
      });
    }

    async begin() {
      const session = this.panel.sessionContext;
      await session.ready;
      if (!this.panel.isDisposed && session.session?.kernel && isDesk(this.panel)) await this.run();
    }

    /** Run the cells, but for the one that only a test reads. */
    async run() {
      const { content, sessionContext } = this.panel;
      const cells = content.widgets.filter(cell => cell.model.type === "code" && !tagged(cell.model, ["tjtools-test"]));
      await this.lab.notebook.NotebookActions.runCells(content, cells, sessionContext);
      this.mark();
    }

    hear(status) {
      if (["restarting", "autorestarting"].includes(status)) this.gone("was restarted");
      if (["terminating", "dead"].includes(status)) this.gone("has ended");
    }

    hearServer(status) {
      clearTimeout(this.waiting);
      if (status === "connected") return this.bar?.away && this.back();
      this.waiting = setTimeout(() => this.away(), PATIENCE);
    }

    gone(how) {
      if (codeOf(cellsOf(this.panel)).some(hasView)) this.say(`The kernel ${how}: what you see is from before.`, "Go on");
    }

    away() {
      if (!this.panel.isDisposed) {
        this.say("JupyterLab does not answer: is tjtools lab still running? This screen goes on when it answers again.");
        this.bar.away = true;
      }
    }

    say(text, label) {
      this.back();
      const node = document.createElement("div");
      node.className = "tj-gone-bar";
      node.setAttribute("role", "alert");
      node.append(Object.assign(document.createElement("span"), { textContent: text }));
      if (label) {
        const button = Object.assign(document.createElement("button"), { textContent: label, type: "button" });
        button.addEventListener("click", () => this.goOn(button));
        node.append(button);
      }
      this.bar = new this.lab.widgets.Widget({ node });
      this.panel.contentHeader.addWidget(this.bar);
      this.panel.addClass("tj-gone");
    }

    back() {
      this.bar?.dispose();
      this.bar = null;
      this.panel.removeClass("tj-gone");
    }

    async goOn(button) {
      button.disabled = true;
      button.textContent = "Starting …";
      const session = this.panel.sessionContext;
      if (!session.session?.kernel || ["dead", "terminating", "unknown"].includes(session.session.kernel.status)) {
        await session.changeKernel({ name: "python3" });
      }
      await answering(session.session.kernel); // one that is restarting forgets what it is sent
      this.back();
      await this.run();
    }
  }

  const answering = kernel => new Promise(resolve => {
    const look = () => {
      if (kernel.status !== "idle" || kernel.connectionStatus !== "connected") return;
      kernel.statusChanged.disconnect(look);
      kernel.connectionStatusChanged.disconnect(look);
      resolve();
    };
    kernel.statusChanged.connect(look);
    kernel.connectionStatusChanged.connect(look);
    look();
  });

  async function attend(panel, lab) {
    await panel.context.ready;
    if (!panel.isDisposed && isOurs(panel)) new Attended(panel, lab);
  }

  const extension = lab => ({
    id: `${NAME}:desk`,
    description: "Runs the desk, and says what to do when its kernel is gone.",
    autoStart: true,
    requires: [lab.notebook.INotebookTracker],
    activate: (app, tracker) => {
      document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }));
      tracker.widgetAdded.connect((_, panel) => attend(panel, lab));
      tracker.forEach(panel => attend(panel, lab));
    },
  });

  let shared;
  const moduleOf = async name => (await Object.values(shared[name])[0].get())();
  const loaded = (window._JUPYTERLAB = window._JUPYTERLAB || {});
  loaded[NAME] = {
    init: scope => { shared = scope; },
    get: async () => {
      const lab = { notebook: await moduleOf("@jupyterlab/notebook"), widgets: await moduleOf("@lumino/widgets") };
      return () => ({ __esModule: true, default: [extension(lab)] });
    },
  };
})();
