// Asks axe of a page. Its contrasts are four fifths of the work, and depend on nothing but the colours of a text, its
// size and what is painted behind it: a text of which all that was found right before is not asked again, unless
// something may stand over or behind it that its ancestors do not tell.
(() => {
  const OWN = ["color", "webkitTextFillColor", "textShadow", "fontSize", "fontWeight"];
  const BEHIND = [
    "backgroundColor", "backgroundImage", "backgroundClip", "backdropFilter", "filter", "mixBlendMode", "opacity",
  ];
  const NOTHING = "rgba(0, 0, 0, 0),none,border-box,none,none,normal,1";
  const CONTROLS = "button, input, select, textarea";
  const AWAY = ["absolute", "fixed", "sticky"];

  const told = (style, names) => names.map((name) => style[name]).join();

  const number = (text) => {
    let [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return 4294967296 * (2097151 & b) + (a >>> 0);
  };

  const isMoved = (style) =>
    AWAY.includes(style.position) || style.transform !== "none" ||
    (style.position === "relative" && (parseFloat(style.top) || parseFloat(style.left)));

  const hasText = (element) =>
    element.matches(CONTROLS) || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());

  const overlap = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

  function texts() {
    const [known, moved] = [new Map([[null, {behind: "", isMoved: false}]]), []];
    const about = (element) => {
      if (!known.has(element)) {
        const [above, style] = [about(element.parentElement), getComputedStyle(element)];
        const paints = told(style, BEHIND);
        const found = {
          behind: paints === NOTHING ? above.behind : `${above.behind}>${paints}`,
          isMoved: above.isMoved || Boolean(isMoved(style)),
        };
        if (isMoved(style) && element.checkVisibility()) moved.push(element.getBoundingClientRect());
        known.set(element, found);
      }
      return known.get(element);
    };
    const all = [...document.querySelectorAll("body, body *")];
    all.forEach(about);
    return all.filter((element) => hasText(element) && element.checkVisibility()).map((element) => {
      const [{behind, isMoved}, box] = [about(element), element.getBoundingClientRect()];
      const isAlone = !isMoved && !moved.some((one) => overlap(one, box));
      return {element, isAlone, number: number(told(getComputedStyle(element), OWN) + behind)};
    });
  }

  window.askAxe = async (right, onlyContrast) => {
    const known = new Set(right);
    const asked = texts().filter((text) => !text.isAlone || !known.has(text.number));
    const violations = [];
    if (!onlyContrast) {
      const options = {resultTypes: ["violations"], rules: {"color-contrast": {enabled: false}}};
      violations.push(...(await axe.run(options)).violations);
    }
    let found = [];
    if (asked.length) {
      const options = {runOnly: ["color-contrast"], resultTypes: ["violations", "passes"], elementRef: true};
      const contrast = await axe.run({include: asked.map((text) => text.element)}, options);
      violations.push(...contrast.violations);
      const passed = new Set(contrast.passes.flatMap((rule) => rule.nodes.map((node) => node.element)));
      found = asked.filter((text) => text.isAlone && passed.has(text.element)).map((text) => text.number);
    }
    return {
      faults: violations.flatMap((rule) =>
        rule.nodes.map((node) => `${rule.id} (${rule.help}): ${node.html} ${node.failureSummary}`)),
      found: [...new Set(found)],
      asked: asked.length,
    };
  };
})();
