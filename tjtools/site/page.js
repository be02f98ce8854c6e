// Runs in every document that the driver opens: reads the list in one go, and tells when it has settled.
// `S` is the selectors by page and element.
(S => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const text = node => (node ? node.textContent : "");
  const resting = () => !window.jQuery || window.jQuery.active === 0;

  const seen = node => node.checkVisibility({ visibilityProperty: true });
  const plain = selector => {
    try {
      return all(selector);
    } catch {
      return []; // not plain CSS
    }
  };

  // Whether the page asks to sign in: by its address, by a form, or in its heading. An address alone proves nothing else:
  // signed in is who sees what only then is shown.
  const bare = words => words.replace(/\s/g, "").toLowerCase();
  const says = (told, words) => bare(told).includes(bare(words));
  const signedOut = () =>
    S.sign_in.address.split(/,\s*/).some(end => window.location.pathname.replace(/\/+$/, "").endsWith(end))
    || plain(S.sign_in.signed_out).some(seen)
    || plain(S.sign_in.missed).some(node => says(text(node), S.sign_in.missed_text) && seen(node));
  const accountSaid = () => document.body !== null && says(document.body.innerText, S.sign_in.signed_in_text);
  const signedIn = () => !signedOut() && (plain(S.sign_in.signed_in).some(seen) || accountSaid());

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
  const settled = () => reloaded() && resting() && complete() && signedIn();

  const when = check => new Promise(resolve => {
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

  // Where the page asks to sign in, nothing else that is waited for will come.
  const until = async check => {
    let found = null;
    await when(() => signedOut() || (found = check()));
    if (!found) throw new Error("tjtools: signed out");
    return found;
  };

  const readPage = () => ({
    cards: cards().map(readCard), ...(info() || { first: 0, last: 0, total: null }), has_next: hasNext(),
  });

  // One page after the other, for so many milliseconds: a call from outside for each would take longer than a quick page.
  const readOn = async milliseconds => {
    const pages = [], end = performance.now() + milliseconds;
    do {
      arm();
      nextLink().click();
      await until(settled);
      pages.push(readPage());
    } while (pages.at(-1).has_next && performance.now() < end);
    return pages;
  };

  // Previews that stood there before the files were handed over belong to others.
  let earlier = new Set();
  const armUpload = () => { earlier = new Set(all(S.upload.preview)); };
  const requestOf = node => {
    for (let at = node; at; at = at.parentElement) {
      const file = at.dropzone && at.dropzone.files.find(one => one.previewElement === node);
      if (file) return file.xhr;
    }
  };
  // a server's own error is no word on the file: it may have been taken in before
  const failure = node => {
    const request = requestOf(node);
    if (!request || (request.status > 0 && request.status < 500 && request.status !== 429)) {
      return { state: "refused", message: text(node.querySelector(S.upload.preview_error)).trim() };
    }
    return request.status === 429
      ? { state: "deferred", message: request.getResponseHeader("Retry-After") || "" }
      : { state: "lost", message: request.status
        ? `the site answered it with the error ${request.status}` : "the connection broke while it was sent" };
  };
  const stateOf = node => {
    const has = name => node.classList.contains(name);
    if (has("dz-complete")) return has("dz-success") ? "taken" : "refused";
    return has("dz-processing") ? "processing" : "queued";
  };
  const previews = () => all(S.upload.preview).filter(node => !earlier.has(node)).map(node => ({
    name: text(node.querySelector(S.upload.preview_name)),
    message: "",
    ...(node.classList.contains("dz-error") ? failure(node) : { state: stateOf(node) }),
  }));
  const changedPreviews = known => until(() => {
    const now = previews();
    return JSON.stringify(now) === JSON.stringify(known) ? null : now;
  });

  // A box that covers the page, and whether it was closed: it is where it asks nothing and has no button but to close it.
  const meetBox = () => {
    const box = all(S.library.box).find(node => node.checkVisibility());
    const buttons = box ? all(S.library.box_button, box) : [];
    const words = S.library.box_close.toLowerCase().split(/,\s*/);
    const asks = box && all("input:not([type=button], [type=submit], [type=hidden]), select, textarea", box).length > 0;
    const says = box ? box.innerText : "";
    const closed = buttons.length > 0 && !asks
      && buttons.every(node => words.includes((node.value || text(node)).trim().toLowerCase()));
    if (closed) buttons[0].click();
    return { text: says, closed };
  };

  // What a wait in vain may have waited for: an answer, or cards that the page counts.
  const missed = () => {
    const told = info();
    const cards = complete() ? "" : `${told.first} to ${told.last} of ${told.total}`;
    const waiting = document.readyState === "loading" || !resting();
    return { waiting, signed_in: signedIn(), cards, found: all(S.card.card).length };
  };

  // For an inspection: what is wrong with each of these nodes, "" for nothing.
  const misfit = (nodes, fits, visible) => nodes.map(node =>
    !node.matches(fits) ? `a <${node.localName}>` : visible && !node.checkVisibility() ? "hidden" : "");

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
    meetBox,
    misfit,
    missed,
    previewTemplate,
    signedOut,
    accountSaid,
    entered: origin => when(() => window.location.origin === origin && signedIn()),
    accountShown: () => until(signedIn),
    settled: () => until(settled),
    reloaded: () => until(() => reloaded() && resting()),
    quiet: () => until(() => document.readyState === "complete" && resting()),
    stirred: () => new Promise(resolve => {
      new MutationObserver((_, observer) => { observer.disconnect(); resolve(); })
        .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    }),
    atRest: () => until(() => document.readyState === "complete" && resting() && complete() && signedIn()),
    readPage,
    readOn,
    nextByText: () => all(S.library.next_page).some(node => text(node).trim() === S.library.next_text),
    namesShown: ({ names, seen }) => until(() =>
      cards().map(readCard).some(card => names.includes(card.name) && !seen.includes(card.creative_id))),
    checked: selector => Boolean((document.querySelector(selector) || {}).checked),
  };
})
