// The chosen row, in full: the header of a frame bit by bit, its message as text, JSON or hex, and ways to copy it.

import { formatHex } from '../bytes.js';
import { element } from '../dom.js';
import { headerView } from '../frames/header-view.js';
import { visible } from '../frames/visible.js';
import { connectCommand } from './connect-command.js';
import { type Content, contentOf, headerOf, isError, isMessage, type Row } from './feed-entry.js';

/** @param url where a client would send the row's message */
export function detailView(row: Row, url: string): HTMLElement {
  const { entry, whole } = row;
  const title = [entry.name ?? entry.type, entry.from && `from the ${entry.from}`, connectionWords(entry)];
  const view = element('div', 'chosen', element('h2', '', visible(title.filter(Boolean).join(', '))));
  if (entry.time !== undefined)
    view.append(element('p', 'hint', entry.offset === undefined ? entry.time : `${entry.time}, byte ${entry.offset}`));
  if (entry.headers !== undefined) {
    const lines = entry.headers.map(([name, value]) => `${name}: ${value}`);
    view.append(element('pre', '', visible([entry.startLine, ...lines].join('\n'))));
    return view;
  }
  if (!isMessage(entry)) {
    view.append(element('p', isError(entry) ? 'problem' : '', visible(contentOf(row))));
    return view;
  }
  if (entry.type === 'frame') view.append(headerView(headerOf(entry), undefined));
  else
    view.append(
      element('p', 'hint', 'A browser shows pages messages, not frames: connect through wsimd proxy to see those.'),
    );
  if (entry.isRefused) view.append(element('p', 'problem', 'This frame breaks a rule: see the row below it.'));
  const content = whole?.payload ?? entry.payload;
  if (content === undefined) return view;
  if (whole !== undefined && (whole.frames ?? 1) > 1) {
    view.append(element('p', 'hint', `The message of ${whole.frames} frames that this one ends:`));
  }
  const bytes = bytesOf(content);
  const text = content.text ?? content.reason;
  if (text !== undefined) view.append(element('pre', 'message', visible(indented(text))));
  view.append(element('pre', 'hex', formatHex(bytes.subarray(0, 4096))));
  if (content.isCut) view.append(element('p', 'hint', 'This is the beginning; wsimd proxy --payload N shows more.'));
  const buttons = element('p', 'copy');
  const copies: [string, string][] = [
    ['Copy hex', formatHex(bytes)],
    ['Copy Base64', base64Of(bytes)],
  ];
  if (content.text !== undefined) copies.unshift(['Copy text', content.text]);
  const control = entry.name === 'ping' || entry.name === 'pong' ? entry.name : undefined;
  // A fragment is no message, and a broken frame is none either.
  const isWhole = whole !== undefined || entry.type === 'direct' || control !== undefined;
  if (isWhole && content.closeCode === undefined && !content.isCut && !entry.isRefused) {
    const command = connectCommand({ control, text: content.text, bytes }, url);
    if (command !== undefined) copies.push(['Copy as command', command]);
  }
  for (const [label, copied] of copies) {
    const button = element('button', '', label);
    button.type = 'button';
    button.addEventListener('click', () => void copy(button, copied));
    buttons.append(button, ' ');
  }
  view.append(buttons);
  return view;
}

/** Says on the button whether it did. */
async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'The browser does not allow it';
  }
  setTimeout(() => {
    button.textContent = label;
  }, 1500);
}

function connectionWords({ connection, type }: Row['entry']): string | undefined {
  if (connection === undefined) return undefined;
  return type === 'direct' ? "this page's connection" : `connection ${connection}`;
}

function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
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
