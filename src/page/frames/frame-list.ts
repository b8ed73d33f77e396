// A list of frames on the page, with the line that stands there while it is empty. Knows no frame.

/** More would make the page slow. */
const MAX_ENTRIES = 200;

export class FrameList {
  readonly #list: HTMLElement;

  /** @param list the element behind which the line for the empty list stands (style.css hides it when it must) */
  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Puts an entry on top; the oldest gives way where there are too many. */
  addNewest(entry: HTMLElement): void {
    this.#list.prepend(entry);
    if (this.#list.childElementCount > MAX_ENTRIES) this.#list.lastElementChild?.remove();
  }

  /** Shows these, as many of them as there is room for. @returns how many are left out */
  show(entries: readonly HTMLElement[]): number {
    this.#list.replaceChildren(...entries.slice(0, MAX_ENTRIES));
    return Math.max(entries.length - MAX_ENTRIES, 0);
  }

  clear(): void {
    this.#list.replaceChildren();
  }
}
