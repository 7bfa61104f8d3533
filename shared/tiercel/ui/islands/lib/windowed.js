// A list of which only the rows in sight exist. Heights may differ: they are guessed first, and corrected once seen.
import { framed, h, undoing } from "./dom.js";

const SPARE = 8; // rows kept above and below what is in sight

/**
 * @param {HTMLElement} scroller what scrolls
 * @param {{
 *   key: (row: object) => string, height: (row: object) => number, draw: (row: object, old: HTMLElement | null) => HTMLElement,
 *   onScroll?: (seen: {first: number, last: number, atTop: boolean, atEnd: boolean}) => void,
 * }} how `draw` gets the element that stands for the row already, if there is one
 */
export class Windowed {
  constructor(scroller, how) {
    this.scroller = scroller;
    this.how = how;
    this.rows = [];
    this.tops = new Float64Array(1);
    this.known = new Map(); // heights that were seen, by key
    this.shown = new Map(); // elements, by key
    this.owned = new WeakMap(); // the row that an element stands for, and where it was put: `{row, top, place, all}`
    this.stale = false;
    this.body = h("div", { class: "i-window" });
    scroller.append(this.body);
    this.undo = undoing();
    this.paint = framed(() => this.#paint());
    this.undo.listen(scroller, "scroll", this.paint, { passive: true });
    this.sizes = new ResizeObserver((entries) => this.#resized(entries));
    this.sizes.observe(scroller);
  }

  /** Show other rows; with `anchor`, what is in sight stays where it is although rows came before it. */
  set(rows, { anchor = false } = {}) {
    const held = anchor ? this.#anchor() : null;
    this.rows = rows;
    this.stale = true;
    this.#measure();
    if (held) this.#restore(held);
    this.paint();
  }

  /** Forget the heights that were seen, as when the width has changed. */
  forget() {
    this.known.clear();
    this.#measure();
    this.stale = true;
    this.paint();
  }

  /** Whether the end of the list is in sight. */
  get atEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    return scrollTop + clientHeight >= scrollHeight - 4;
  }

  toEnd() {
    this.scroller.scrollTop = this.tops[this.rows.length];
    this.#paint();
    this.scroller.scrollTop = this.tops[this.rows.length]; // its rows may have turned out higher
  }

  /** Bring a row into sight. */
  to(place, where = 0.4) {
    this.scroller.scrollTop = Math.max(0, this.tops[place] - this.scroller.clientHeight * where);
    this.#paint();
  }

  /** The number of the first row in sight. */
  get first() {
    return this.#at(this.scroller.scrollTop);
  }

  element(key) {
    return this.shown.get(key) ?? null;
  }

  destroy() {
    this.paint.cancel();
    this.sizes.disconnect();
    this.undo.run();
    this.body.remove();
  }

  #measure() {
    const { rows, how, known } = this;
    if (this.tops.length < rows.length + 1) this.tops = new Float64Array(Math.ceil(rows.length * 1.3) + 1);
    let top = 0;
    for (let place = 0; place < rows.length; place += 1) {
      this.tops[place] = top;
      top += known.get(how.key(rows[place])) ?? how.height(rows[place]);
    }
    this.tops[rows.length] = top;
    this.body.style.height = `${top}px`;
  }

  /** The last row that begins at or above a height. */
  #at(height) {
    let [low, high] = [0, Math.max(0, this.rows.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= height) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #anchor() {
    const place = this.first;
    if (!this.rows.length) return null;
    return { key: this.how.key(this.rows[place]), into: this.scroller.scrollTop - this.tops[place] };
  }

  #restore({ key, into }) {
    const place = this.rows.findIndex((row) => this.how.key(row) === key);
    if (place >= 0) this.scroller.scrollTop = this.tops[place] + into;
  }

  #paint() {
    const { rows, how } = this;
    const { scrollTop, clientHeight } = this.scroller; // read before anything is written: that costs no layout
    const first = Math.max(0, this.#at(scrollTop) - SPARE);
    const last = Math.min(rows.length - 1, this.#at(scrollTop + clientHeight) + SPARE);
    const kept = new Set();
    const added = [];
    for (let place = first; place <= last; place += 1) {
      const key = how.key(rows[place]);
      kept.add(key);
      let element = this.shown.get(key) ?? null;
      if (!element || this.stale) {
        const drawn = how.draw(rows[place], element);
        if (drawn !== element) {
          element?.remove();
          element = drawn;
          element.classList.add("i-row");
          this.shown.set(key, element);
          added.push(element);
        }
      }
      this.#put(element, rows[place], place);
    }
    for (const [key, element] of this.shown) {
      if (kept.has(key)) continue;
      element.remove();
      this.sizes.unobserve(element);
      this.shown.delete(key);
    }
    this.#arrange(first, last);
    for (const element of added) this.sizes.observe(element);
    this.stale = false;
    how.onScroll?.({ first, last, atTop: scrollTop < 400, atEnd: scrollTop + clientHeight >= this.tops[rows.length] - 4 });
  }

  /** Put an element where its row is; one that stands there already is left alone. */
  #put(element, row, place) {
    const [top, all] = [this.tops[place], this.rows.length];
    const before = this.owned.get(element);
    this.owned.set(element, { row, top, place, all });
    if (before?.top !== top) element.style.transform = `translateY(${top}px)`;
    if (before?.place !== place) element.setAttribute("aria-posinset", place + 1);
    if (before?.all !== all) element.setAttribute("aria-setsize", all);
  }

  /** Keep the elements in the order of their rows: who goes through them by keyboard or hears them needs it. */
  #arrange(first, last) {
    let after = null;
    for (let place = last; place >= first; place -= 1) {
      const element = this.shown.get(this.how.key(this.rows[place]));
      if (element.parentNode !== this.body || element.nextSibling !== after) this.body.insertBefore(element, after);
      after = element;
    }
  }

  #resized(entries) {
    let changed = false;
    for (const { target } of entries) {
      if (target === this.scroller) {
        this.how.onWidth?.(target.clientWidth);
        this.paint();
        continue;
      }
      const [row, height] = [this.owned.get(target)?.row, target.offsetHeight];
      const key = row && this.how.key(row);
      if (!row || !height || (this.known.get(key) ?? this.how.height(row)) === height) continue;
      this.known.set(key, height);
      changed = true;
    }
    if (!changed) return;
    const [held, ended] = [this.#anchor(), this.atEnd];
    this.#measure();
    if (ended) this.scroller.scrollTop = this.tops[this.rows.length];
    else if (held) this.#restore(held);
    this.#paint();
  }
}
