// Every text of the desk that stands out from its background by less than WCAG asks for: [ratio, words, colours].
// What is disabled or greyed out, as its kernel is gone, need not. A gradient counts by its worst colour.
() => {
  const LARGE = 24, LARGE_AND_BOLD = 18.66, BOLD = 700; // pixels, and the weight of a font
  const parts = colour => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const over = ([r, g, b, alpha = 1], under) => [r, g, b].map((one, at) => one * alpha + under[at] * (1 - alpha));
  const linear = one => (one <= 0.03928 * 255 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const above = element => (element ? [element, ...above(element.parentElement)] : []);

  function backgrounds(element) {
    if (!element) return [[255, 255, 255]];
    const { backgroundImage, backgroundColor } = getComputedStyle(element);
    const own = (backgroundImage.match(/rgba?\([^)]+\)/g) ?? [backgroundColor]).map(parts);
    const behind = own.some(([, , , alpha = 1]) => alpha < 1) ? backgrounds(element.parentElement) : [[0, 0, 0]];
    return own.flatMap(one => behind.map(under => over(one, under)));
  }

  const found = new Map();
  function judge(element, colour, words, size, weight) {
    const [r, g, b, alpha = 1] = parts(colour);
    const seen = above(element).reduce((sum, one) => sum * getComputedStyle(one).opacity, alpha);
    const worst = Math.min(...backgrounds(element).map(one => ratio(over([r, g, b, seen], one), one)));
    const enough = size >= LARGE || (size >= LARGE_AND_BOLD && weight >= BOLD) ? 3 : 4.5;
    if (worst < enough) found.set(`${colour} ${element.className}`, [worst.toFixed(1), words.trim().slice(0, 40), colour]);
  }

  const exempt = ":disabled, .disabled, option, .tj-gone .jupyter-widgets";
  const shown = element => element.checkVisibility({ visibilityProperty: true }) && !element.closest(exempt);
  for (const room of document.querySelectorAll(".tj-desk, .tj-gone-bar")) {
    const texts = document.createTreeWalker(room, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { data, parentElement: element } = texts.currentNode;
      if (!data.trim() || !shown(element)) continue;
      const style = getComputedStyle(element);
      judge(element, element.closest("svg") ? style.fill : style.color, data, parseFloat(style.fontSize), style.fontWeight);
    }
    for (const field of [...room.querySelectorAll("input:not([type=range]), textarea, select")].filter(shown)) {
      const style = getComputedStyle(field, field.value ? null : "::placeholder");
      judge(field, style.color, field.value || field.placeholder || "", parseFloat(style.fontSize), style.fontWeight);
    }
  }
  return [...found.values()];
}
