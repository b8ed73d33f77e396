// The chosen row, in full: the header of a frame bit by bit, its message as text, JSON or hex, and ways to copy it.

import { formatHex } from '../bytes.js';
import { element } from '../dom.js';
import { headerView } from '../frames/header-view.js';
import { type Content, contentOf, headerOf, isError, type Row } from './feed-entry.js';

export function detailView(row: Row): HTMLElement {
  const { entry, whole } = row;
  const title = [entry.name ?? entry.type, entry.from && `from the ${entry.from}`, `connection ${entry.connection}`];
  const view = element('div', 'chosen', element('h2', '', title.filter(Boolean).join(', ')));
  if (entry.time !== undefined) view.append(element('p', 'hint', `${entry.time}, byte ${entry.offset ?? '–'}`));
  if (entry.headers !== undefined) {
    const lines = entry.headers.map(([name, value]) => `${name}: ${value}`);
    view.append(element('pre', '', [entry.startLine, ...lines].join('\n')));
    return view;
  }
  if (entry.type !== 'frame') {
    view.append(element('p', isError(entry) ? 'problem' : '', contentOf(row)));
    return view;
  }
  view.append(headerView(headerOf(entry), undefined));
  if (entry.isRefused) view.append(element('p', 'problem', 'This frame breaks a rule: see the row below it.'));
  const content = whole?.payload ?? entry.payload;
  if (content === undefined) return view;
  if (whole !== undefined && (whole.frames ?? 1) > 1) {
    view.append(element('p', 'hint', `The message of ${whole.frames} frames that this one ends:`));
  }
  const bytes = bytesOf(content);
  const text = content.text ?? content.reason;
  if (text !== undefined) view.append(element('pre', 'message', indented(text)));
  view.append(element('pre', 'hex', formatHex(bytes.subarray(0, 4096))));
  if (content.isCut) view.append(element('p', 'hint', 'This is the beginning; wsimd proxy --payload N shows more.'));
  const buttons = element('p', 'copy');
  const copies: [string, string][] = [
    ['Copy hex', formatHex(bytes)],
    ['Copy Base64', btoa(String.fromCharCode(...bytes))],
  ];
  if (content.text !== undefined) copies.unshift(['Copy text', content.text]);
  for (const [label, copied] of copies) {
    const button = element('button', '', label);
    button.type = 'button';
    button.addEventListener('click', () => void navigator.clipboard.writeText(copied));
    buttons.append(button, ' ');
  }
  view.append(buttons);
  return view;
}

/** JSON with line breaks; other texts as they are. */
function indented(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function bytesOf({ text, hex, closeCode, reason }: Content): Uint8Array {
  if (text !== undefined) return new TextEncoder().encode(text);
  if (closeCode !== undefined) {
    return Uint8Array.of(closeCode >> 8, closeCode & 0xff, ...new TextEncoder().encode(reason ?? ''));
  }
  return Uint8Array.from((hex ?? '').match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
