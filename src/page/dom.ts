// The DOM in a few lines: elements made and found. Text goes in as text nodes only, so nothing that a peer sends becomes
// markup.

export type Child = Node | string | undefined;

/** A new element; its children that are undefined are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element with this id, which the page has. @throws TypeError if it has none of this type */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`the page has no ${type.name} #${id}`);
  return found;
}

/** Calls the listener in place of sending the form. */
export function onSubmit(formId: string, listener: () => void): void {
  byId(formId, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    listener();
  });
}
