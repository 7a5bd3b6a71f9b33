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

  // The texts that the run under way asks about, all where nothing is said, and those of them that the rule applies to: one run for all rules,
  // since what axe reads of a page before it begins costs as much as its rules.
  let [asked, looked] = [null, new Set()];
  const contrast = axe._audit.rules.find((rule) => rule.id === "color-contrast");
  const applies = contrast.matches;
  contrast.matches = function (node, ...others) {
    const isAsked = (!asked || asked.has(node)) && applies.call(this, node, ...others);
    if (isAsked) looked.add(node);
    return isAsked;
  };

  window.askAxe = async (right, onlyContrast) => {
    const known = new Set(right);
    const those = texts().filter((text) => !text.isAlone || !known.has(text.number));
    [asked, looked] = [new Set(those.map((text) => text.element)), new Set()];
    const options = {resultTypes: ["violations", "incomplete"], elementRef: true};
    if (onlyContrast) options.runOnly = ["color-contrast"];
    const {violations, incomplete} = await axe.run(options);
    asked = null;
    const doubtful = [...violations, ...incomplete].filter((rule) => rule.id === "color-contrast");
    for (const rule of doubtful) for (const node of rule.nodes) looked.delete(node.element);
    const found = those.filter((text) => text.isAlone && looked.has(text.element)).map((text) => text.number);
    return {
      faults: violations.flatMap((rule) =>
        rule.nodes.map((node) => `${rule.id} (${rule.help}): ${node.html} ${node.failureSummary}`)),
      found: [...new Set(found)],
      asked: those.length,
    };
  };
})();
