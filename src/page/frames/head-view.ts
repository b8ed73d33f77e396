// The two heads of the opening handshake, as elements; that of the response says whether it answers the key. It reads them
// with the codec's own handshake module.

import {
  acceptKey,
  type ExtensionOffer,
  parseExtensions,
  parseRequestHead,
  parseResponseHead,
} from '../../handshake/index.js';
import { ProtocolError } from '../../index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { element } from '../dom.js';
import type { FrameOrigin } from './frame-view.js';
import { visible } from './visible.js';

/** The key of a request's head; undefined where there is none, or no well-formed head. */
export function keyOf(head: Uint8Array): string | undefined {
  return readOrUndefined(() => parseRequestHead(head).headers.get('sec-websocket-key'));
}

/** The extensions that a response accepts; none where it is not well-formed. */
export function agreedExtensions(head: Uint8Array): readonly ExtensionOffer[] {
  const read = () => parseExtensions(parseResponseHead(head).headers.get('sec-websocket-extensions') ?? '');
  return readOrUndefined(read) ?? [];
}

/** The element for one head, closed. @param key that of the request; the head is the response's if it is given */
export function headView(head: Uint8Array, origin: FrameOrigin, key?: string): HTMLElement {
  const text = Array.from(head, (byte) => String.fromCharCode(byte))
    .join('')
    .trimEnd();
  const summary = element(
    'summary',
    '',
    element('span', 'origin', origin.label),
    element('strong', 'title', 'handshake'),
    element('span', 'traits', visible(text.split('\r\n', 1)[0]!)),
  );
  const body = element('div', 'frame-body', element('pre', '', visible(text)));
  if (key !== undefined) body.append(element('p', '', visible(acceptWords(head, key))));
  return element('li', `frame ${origin.className}`, element('details', '', summary, body));
}

function acceptWords(head: Uint8Array, key: string): string {
  const accept = readOrUndefined(() => parseResponseHead(head).headers.get('sec-websocket-accept'));
  const wanted = acceptKey(key);
  if (accept === wanted) return `Sec-WebSocket-Accept is the answer to the key ${key}, as computed here.`;
  return `Sec-WebSocket-Accept is not the answer to the key ${key}: that is ${wanted}.`;
}

function readOrUndefined<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    rethrowUnless(error, ProtocolError);
    return undefined;
  }
}
