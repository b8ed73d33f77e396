// A list of any number of rows of one height, of which only those in sight are in the document. Knows no frame.

import { element } from '../dom.js';

const ROW_HEIGHT = 24;
/** Rows beyond the edges, so that scrolling shows no gap. */
const MARGIN = 8;

export class RowList<T> {
  readonly #host: HTMLElement;
  readonly #draw: (item: T) => HTMLElement;
  readonly #onChoose: (item: T) => void;
  readonly #spacer = element('div', '');
  readonly #window = element('div', 'window');
  #items: readonly T[] = [];
  #chosen: T | undefined;
  #isDrawing = false;
  isFollowing = true;

  constructor(host: HTMLElement, draw: (item: T) => HTMLElement, onChoose: (item: T) => void) {
    this.#host = host;
    this.#draw = draw;
    this.#onChoose = onChoose;
    host.append(this.#spacer, this.#window);
    host.addEventListener('scroll', () => this.update());
    host.addEventListener('click', ({ target, clientY }) => {
      const row = target instanceof Element ? target.closest<HTMLElement>('[role=option]') : null;
      // A row that is drawn anew while it is clicked is not the target.
      const at = Math.floor((clientY - host.getBoundingClientRect().top + host.scrollTop) / ROW_HEIGHT);
      this.#choose(row === null ? at : Number(row.ariaPosInSet) - 1);
    });
    new ResizeObserver(() => this.update()).observe(host);
  }

  /** @param items shown from now on; more may be added to it before `update` */
  show(items: readonly T[]): void {
    this.#items = items;
    this.update();
  }

  /** Chooses the row so many behind the chosen one. */
  move(by: number): void {
    const at = this.#chosen === undefined ? -1 : this.#items.indexOf(this.#chosen);
    this.#choose(Math.min(Math.max(at + by, 0), this.#items.length - 1));
  }

  /** Draws what is in sight, once before the next frame of the screen. */
  update(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#drawNow();
    });
  }

  #drawNow(): void {
    const host = this.#host;
    this.#spacer.style.height = `${this.#items.length * ROW_HEIGHT}px`;
    if (this.isFollowing) host.scrollTop = host.scrollHeight;
    const first = Math.max(0, Math.floor(host.scrollTop / ROW_HEIGHT) - MARGIN);
    const count = Math.ceil(host.clientHeight / ROW_HEIGHT) + 2 * MARGIN;
    const rows = this.#items.slice(first, first + count).map((item, i) => {
      const row = this.#draw(item);
      row.id = `row-${first + i}`;
      row.role = 'option';
      row.ariaPosInSet = String(first + i + 1);
      row.ariaSetSize = String(this.#items.length);
      row.ariaSelected = String(item === this.#chosen);
      if (item === this.#chosen) host.setAttribute('aria-activedescendant', row.id);
      return row;
    });
    this.#window.style.transform = `translateY(${first * ROW_HEIGHT}px)`;
    this.#window.replaceChildren(...rows);
  }

  #choose(at: number): void {
    const item = this.#items[at];
    if (item === undefined) return;
    this.#chosen = item;
    const top = at * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.#host;
    if (top < scrollTop) this.#host.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.#host.scrollTop = top + ROW_HEIGHT - clientHeight;
    this.#onChoose(item);
    this.update();
  }
}
