// Runs in every document that the driver opens: reads the list in one go, and tells when it has settled.
// `S` is the selectors by page and element.
(S => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const text = node => (node ? node.textContent : "");
  const resting = () => !window.jQuery || window.jQuery.active === 0;

  // DataTables' own line: Showing 1 to 12 of 1,170 entries; a list that is filtered says more, and states no total
  const info = () => {
    const numbers = text(document.querySelector(S.library.total)).match(/\d[\d.,\u00a0\u202f' ]*/g) || [];
    const [first, last, total] = numbers.map(number => Number(number.replace(/\D/g, "")));
    return numbers.length !== 3 ? null : { first, last, total };
  };

  const cards = () => all(S.card.card);

  const complete = () => {
    const told = info();
    return !told || cards().length === (told.total && told.last - told.first + 1);
  };

  const nextLink = () => all(S.library.next_page).find(node =>
    text(node).trim() === S.library.next_text || node.matches("a[rel=next], li.next a"));

  const hasNext = () => {
    const link = nextLink();
    return Boolean(link) && !link.disabled && !link.closest("li.disabled, .disabled, [aria-disabled=true]");
  };

  const readCard = card => {
    const name = card.querySelector(S.card.name);
    return {
      creative_id: card.getAttribute(S.card.id_attribute) || "",
      name: name ? name.getAttribute("title") || text(name).trim() : "",
      dimensions: text(card.querySelector(S.card.dimensions)).trim(),
      file_type: text(card.querySelector(S.card.file_type)).trim(),
      review_status: card.getAttribute(S.card.status_attribute) || "",
    };
  };

  // Before an action that reloads the list, note what is shown; after it, the list has settled when the table was drawn
  // again (or, where no table event comes, when every card that was shown has gone) and nothing is under way.
  let draws = 0, shown = [], listening = false;
  const arm = () => {
    if (window.jQuery && !listening) {
      window.jQuery(document).on("draw.dt", () => { draws += 1; });
      listening = true;
    }
    draws = 0;
    shown = cards();
  };
  const reloaded = () => draws > 0 || (shown.length > 0 && shown.every(card => !card.isConnected));
  const settled = () => reloaded() && resting() && complete();

  const until = check => new Promise(resolve => {
    const observer = new MutationObserver(() => again());
    const again = () => {
      const found = check();
      if (!found) return;
      observer.disconnect();
      if (window.jQuery) window.jQuery(document).off("draw.dt ajaxStop", again);
      resolve(found);
    };
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    if (window.jQuery) window.jQuery(document).on("draw.dt ajaxStop", again);
    again();
  });

  const readPage = () => ({
    cards: cards().map(readCard), ...(info() || { first: 0, last: 0, total: null }), next: hasNext(),
  });

  // One page after the other, for so many milliseconds: a call from outside for each would take longer than a quick page.
  const readOn = async milliseconds => {
    const pages = [], end = performance.now() + milliseconds;
    do {
      arm();
      nextLink().click();
      await until(settled);
      pages.push(readPage());
    } while (pages.at(-1).next && performance.now() < end);
    return pages;
  };

  // Previews that stood there before the files were handed over belong to others.
  let earlier = new Set();
  const armUpload = () => { earlier = new Set(all(S.upload.preview)); };
  const connectionLost = node => {
    for (let at = node; at; at = at.parentElement) {
      const file = at.dropzone && at.dropzone.files.find(one => one.previewElement === node);
      if (file) return Boolean(file.xhr) && file.xhr.status === 0;
    }
    return false;
  };
  const stateOf = node => {
    const has = name => node.classList.contains(name);
    if (has("dz-error")) return connectionLost(node) ? "lost" : "refused";
    if (has("dz-complete")) return has("dz-success") ? "taken" : "refused";
    return has("dz-processing") ? "processing" : "queued";
  };
  const previews = () => all(S.upload.preview).filter(node => !earlier.has(node)).map(node => ({
    name: text(node.querySelector(S.upload.preview_name)),
    state: stateOf(node),
    message: text(node.querySelector(S.upload.preview_error)).trim(),
  }));
  const changedPreviews = known => until(() => {
    const now = previews();
    return JSON.stringify(now) === known ? null : now;
  });

  // For an inspection: what is wrong with each of these nodes, "" for nothing.
  const misfit = (nodes, fits, visible) => nodes.map(node =>
    !node.matches(fits) ? `a <${node.localName}>` : visible && !node.checkVisibility() ? "hidden" : "");
  const plain = selector => {
    try {
      return all(selector);
    } catch {
      return []; // not plain CSS
    }
  };

  // What files' previews will be made of, as they will stand in the page: `null` where no Dropzone is found.
  const previewTemplate = () => {
    const inert = document.implementation.createHTMLDocument();
    const zones = all("*").map(node => node.dropzone)
      .filter(zone => zone && zone.options && typeof zone.options.previewTemplate === "string");
    const shells = zones.map(zone => {
      const held = inert.createElement("template");
      held.innerHTML = zone.options.previewTemplate;
      let shell = held.content;
      for (let at = zone.previewsContainer || zone.element; at; at = at.parentElement) {
        const around = inert.importNode(at, false);
        around.append(shell);
        shell = around;
      }
      return shell;
    });
    const found = selector => shells.some(shell => shell.querySelector(selector));
    return zones.length === 0 ? null : {
      preview: found(S.upload.preview),
      preview_name: found(S.upload.preview_name),
      preview_error: found(S.upload.preview_error),
    };
  };

  window.__tjtools = {
    arm,
    armUpload,
    changedPreviews,
    complete,
    misfit,
    misfits: rules => rules.map(([selector, fits, visible]) => misfit(plain(selector), fits, visible)),
    previewTemplate,
    settled: () => until(settled),
    reloaded: () => until(() => reloaded() && resting()),
    quiet: () => until(() => document.readyState === "complete" && resting()),
    stirred: () => new Promise(resolve => {
      new MutationObserver((_, observer) => { observer.disconnect(); resolve(); })
        .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    }),
    atRest: () => until(() => document.readyState === "complete" && resting() && complete()),
    readPage,
    readOn,
    nextByText: () => all(S.library.next_page).some(node => text(node).trim() === S.library.next_text),
    namesShown: ({ names, seen }) => until(() =>
      cards().map(readCard).some(card => names.includes(card.name) && !seen.includes(card.creative_id))),
    checked: selector => Boolean((document.querySelector(selector) || {}).checked),
  };
})
