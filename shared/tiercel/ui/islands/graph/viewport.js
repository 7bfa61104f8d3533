// Zoom and pan of a sheet, by wheel, pointer, fingers and keys.
import { undoing } from "../lib/dom.js";

const [LEAST, MOST] = [0.08, 3];
const TOOLS = 40; // pixels at the top where the buttons are

export class Viewport {
  /** @param {SVGSVGElement} frame @param {SVGGElement} sheet */
  constructor(frame, sheet) {
    [this.frame, this.sheet] = [frame, sheet];
    [this.x, this.y, this.scale] = [0, 0, 1];
    this.pointers = new Map();
    this.moved = false;
    this.undo = undoing();
    this.undo.listen(frame, "wheel", (event) => this.#wheel(event), { passive: false });
    this.undo.listen(frame, "pointerdown", (event) => this.#down(event));
    this.undo.listen(frame, "pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) this.undo.listen(frame, name, (event) => this.pointers.delete(event.pointerId));
  }

  /** Show the whole sheet, never larger than it is. */
  fit(width, height) {
    const { clientWidth, clientHeight } = this.frame;
    const bar = this.frame.parentElement?.querySelector(".i-graph-tools");
    const top = Math.max(TOOLS, bar ? bar.offsetTop + bar.offsetHeight : 0); // larger where fingers press the buttons
    const room = Math.max(50, clientHeight - top);
    this.scale = Math.min(1, Math.max(LEAST, Math.min(clientWidth / (width || 1), room / (height || 1))));
    this.x = Math.max(0, (clientWidth - width * this.scale) / 2);
    this.y = top + Math.max(0, (room - height * this.scale) / 2);
    this.#apply();
  }

  /** Zoom about a point of the frame, its middle by default. */
  zoom(factor, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2) {
    const scale = Math.min(MOST, Math.max(LEAST, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#apply();
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.#apply();
  }

  /** Bring a box into sight, if it is not. */
  reveal({ x, y, width, height }) {
    const { clientWidth, clientHeight } = this.frame;
    const [left, top, right, bottom] = [this.x + x * this.scale, this.y + y * this.scale, this.x + (x + width) * this.scale, this.y + (y + height) * this.scale];
    if (left < 0 || right > clientWidth) this.x += clientWidth / 2 - (left + right) / 2;
    if (top < 0 || bottom > clientHeight) this.y += clientHeight / 2 - (top + bottom) / 2;
    this.#apply();
  }

  /** With Ctrl, or on a touchpad's pinch, the wheel zooms; alone it scrolls the page: a page must not be a trap. */
  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = this.frame.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY * 0.002), event.clientX - left, event.clientY - top);
  }

  #down(event) {
    if (event.button) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.moved = false;
  }

  #move(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = [event.clientX, event.clientY];
    if (!this.moved && Math.hypot(now[0] - last[0], now[1] - last[1]) < 4) return;
    if (!this.moved) this.frame.setPointerCapture(event.pointerId);
    this.moved = true;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) return void this.pan(now[0] - last[0], now[1] - last[1]);
    const { left, top } = this.frame.getBoundingClientRect();
    const grown = Math.hypot(now[0] - other[0], now[1] - other[1]) / (Math.hypot(last[0] - other[0], last[1] - other[1]) || 1);
    this.zoom(grown, (now[0] + other[0]) / 2 - left, (now[1] + other[1]) / 2 - top);
  }

  #apply() {
    this.sheet.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
  }

  destroy() {
    this.undo.run();
  }
}
