// Elements made in one expression. Text is only ever set as text, styles only through CSSOM: nothing here parses HTML.
const SVG = "http://www.w3.org/2000/svg";

/**
 * Return a new element.
 * @param {string} tag
 * @param {object} [given] attributes; `on` holds listeners, `style` CSS properties, `data` data attributes; true makes an
 *   empty attribute, false, null and undefined none.
 * @param {...(Node|string|number|null|undefined|false|Array)} children
 */
export function h(tag, given = {}, ...children) {
  return filled(document.createElement(tag), given, children);
}

/** The same for SVG. */
export function svg(tag, given = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), given, children);
}

function filled(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "style") for (const [each, what] of Object.entries(value)) element.style.setProperty(each, what);
    else if (name === "data") for (const [each, what] of Object.entries(value)) element.dataset[each] = what;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(9).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

/** Return a button with a name that screen readers say. */
export function button(text, onclick, given = {}) {
  return h("button", { type: "button", class: "i-button", ...given, on: { click: onclick, ...given.on } }, text);
}

/** Call `fn` once things have been quiet for `ms`; `.cancel()` forgets it. */
export function debounced(fn, ms) {
  let timer = 0;
  const call = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...given), ms);
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

/** Call `fn` at most once a frame. */
export function framed(fn) {
  let asked = 0;
  const call = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      fn();
    });
  };
  call.cancel = () => {
    cancelAnimationFrame(asked);
    asked = 0;
  };
  return call;
}

/** Collects what is to be undone when an island goes. */
export function undoing() {
  const steps = [];
  return {
    add: (step) => steps.push(step),
    listen(target, event, listener, options) {
      target.addEventListener(event, listener, options);
      steps.push(() => target.removeEventListener(event, listener, options));
    },
    run() {
      while (steps.length) steps.pop()();
    },
  };
}

/** Say something to people who hear the page. */
export function announce(text) {
  let place = document.getElementById("i-announcements");
  if (!place) {
    place = h("div", { id: "i-announcements", class: "i-hidden", "aria-live": "polite" });
    document.body.append(place);
  }
  place.textContent = text;
}

/** Save text or a blob as a file. */
export function download(name, content, type = "text/plain") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Copy text; returns whether it could be. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    return true;
  } catch {
    return false;
  }
}

/** Ask whether something is to be done; returns whether it is. */
export function sure(question, yes) {
  return new Promise((done) => {
    const dialog = h("dialog", { class: "i-dialog", "aria-label": yes, on: { close: () => (dialog.remove(), done(dialog.returnValue === "yes")) } },
      h("p", {}, question),
      h("form", { method: "dialog", class: "i-toolbar" }, h("button", { class: "i-button", value: "no" }, "Back"),
        h("button", { class: "i-button i-primary", value: "yes", data: { action: "confirm" } }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Return what went wrong, as a panel with the one action that helps. */
export function problem(error, again) {
  const errors = error.errors?.length ? h("ul", {}, error.errors.map((each) => h("li", {}, [each.path, each.message].filter(Boolean).join(": ")))) : null;
  return h("div", { class: "i-problem", role: "alert" }, h("p", {}, error.message), errors, again && button("Try again", again));
}
