// A frame taken apart, as elements: a line that says what it is, what is wrong with it, the header bit by bit, the payload
// in hex and as text. Where it came from it knows by name only.

import { OPCODE_BINARY, OPCODE_CLOSE, OPCODE_CONTINUATION } from '../../../assembly/shared/protocol.js';
import type { ProtocolError } from '../../index.js';
import { decodeUtf8, formatAscii, formatHex } from '../bytes.js';
import { type Child, element } from '../dom.js';
import { type Dissection, PREVIEW_LENGTH } from './dissector.js';
import { type HeaderParts, splitHeader } from './header-parts.js';
import { headerView } from './header-view.js';
import { visible } from './visible.js';
import { closeCodeWords, count, excerpt, opcodeWords } from './words.js';

const PEEK_LENGTH = 60;
const AS_ASCII = 'As ASCII';

export interface FrameOrigin {
  /** Said in the frame's line. */
  readonly label: string;
  /** Set on the element, for its colour. */
  readonly className: string;
}

/** The element for one frame, open or closed. */
export function frameView(frame: Dissection, origin: FrameOrigin): HTMLElement {
  const parts = splitHeader(frame.header);
  const { error, cut, header } = frame;
  const faultAt = error?.offset === undefined ? undefined : error.offset - frame.offset;
  const body = element('div', 'frame-body');
  if (error !== undefined) body.append(errorView(error));
  if (cut !== undefined) body.append(element('p', 'problem', cutWords(cut.missing)));
  body.append(headerView(header, faultAt), factsView(frame, parts, faultAt));
  const details = element('details', '', summaryView(frame, parts, origin), body);
  // Of a large message in many fragments, the first is enough to see.
  details.open = parts.opcode !== OPCODE_CONTINUATION || (frame.payloadLength ?? 0) <= PREVIEW_LENGTH;
  const className = badgeOf(frame) === undefined ? 'frame' : 'frame is-broken';
  return element('li', `${className} ${origin.className}`, details);
}

function summaryView(frame: Dissection, parts: HeaderParts, origin: FrameOrigin): HTMLElement {
  const { payloadLength, messageOpcode } = frame;
  let title = opcodeWords(parts.opcode);
  if (title === 'reserved') title += ` opcode 0x${parts.opcode.toString(16)}`;
  if (messageOpcode !== undefined) title += ` of a ${opcodeWords(messageOpcode)} message`;
  const traits = [payloadLength === undefined ? 'cut off' : count(payloadLength, 'byte')];
  if (parts.masked !== undefined) traits.push(parts.masked ? 'masked' : 'not masked');
  if (parts.rsv1 && frame.isCompressed) traits.push('compressed');
  if (frame.inflated !== undefined) traits.push(`holds ${count(frame.inflated.length, 'byte')}`);
  if (!parts.fin) traits.push('more fragments follow');
  else if (parts.opcode === OPCODE_CONTINUATION) traits.push('last fragment');
  // Of a compressed message, what it holds is told by its last frame.
  const readable = frame.isCompressed ? frame.inflated?.preview : frame.payload;
  const { term, text } = textOf(readable ?? new Uint8Array(0), messageOpcode, parts);
  const peek = term === AS_ASCII ? '' : visible(excerpt(text, PEEK_LENGTH));
  const badge = badgeOf(frame);
  return element(
    'summary',
    '',
    element('span', 'origin', origin.label),
    element('strong', 'title', title),
    badge === undefined ? undefined : element('strong', 'badge', badge),
    element('span', 'traits', traits.join(', ')),
    peek === '' ? undefined : element('span', 'peek', peek),
  );
}

/** What is wrong with the frame, if something is. */
function badgeOf({ error, cut }: Dissection): string | undefined {
  if (error !== undefined) return 'refused';
  return cut === undefined ? undefined : 'cut off';
}

function errorView({ message, code, closeCode, offset }: ProtocolError): HTMLElement {
  const sentences = [visible(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`)];
  if (closeCode !== undefined) {
    sentences.push(` The receiver fails the connection with close code ${closeCode} (${closeCodeWords(closeCode)}).`);
  }
  const where = offset === undefined ? '' : `, byte ${offset} (counted from 0)`;
  return element('p', 'problem', ...sentences, ' ', element('code', '', code), where);
}

function cutWords(missing: bigint | undefined): string {
  if (missing === undefined) return 'The bytes end inside this header.';
  return `The bytes end inside this frame; of its payload, ${count(missing, 'byte')} did not come.`;
}

/** What is not in the header, row by row. */
function factsView(frame: Dissection, parts: HeaderParts, faultAt: number | undefined): HTMLElement {
  const { payload, wire, payloadLength, header } = frame;
  const list = element('dl', 'facts');
  const row = (term: string, ...definition: readonly Child[]) => {
    list.append(element('dt', '', term), element('dd', '', ...definition));
  };
  const textRow = (bytes: Uint8Array) => {
    const { term, text } = textOf(bytes, frame.messageOpcode, parts);
    if (/[^·]/.test(text)) row(term, element('span', term === AS_ASCII ? 'ascii' : 'text', visible(text)));
  };
  const moreRow = (left: number) => {
    if (left > 0 && badgeOf(frame) === undefined) row('', element('span', 'more', `… and ${count(left, 'more byte')}`));
  };
  const payloadFault = faultAt === undefined ? undefined : faultAt - header.length;

  if (parts.opcode === OPCODE_CLOSE && payload.length >= 2) {
    const closeCode = (payload[0]! << 8) | payload[1]!;
    row('Close code', element('strong', '', String(closeCode)), ` ${closeCodeWords(closeCode)}`);
  }
  if (payload.length > 0) {
    const isMasked = parts.maskingKey.length === 4;
    if (isMasked) row('On the wire', hexView(wire, payloadFault, 'hex masked'));
    row(isMasked ? 'Unmasked' : 'Payload', hexView(payload, payloadFault, 'hex'));
    if (!frame.isCompressed) textRow(payload);
    moreRow(Number(payloadLength) - payload.length);
  } else if (payloadLength !== undefined && Number(payloadLength) === 0) {
    row('Payload', element('span', 'more', 'empty'));
  }
  if (frame.inflated !== undefined) {
    const { preview, length } = frame.inflated;
    row('Inflated', length === 0 ? element('span', 'more', 'empty') : hexView(preview, undefined, 'hex'));
    textRow(preview);
    moreRow(length - preview.length);
  }
  return list;
}

/** The payload, or what it was inflated to, as a person reads it. */
function textOf(
  payload: Uint8Array,
  messageOpcode: number | undefined,
  { opcode }: HeaderParts,
): { term: string; text: string } {
  if (opcode === OPCODE_CLOSE) return { term: 'Reason', text: decodeUtf8(payload.subarray(2)) ?? '' };
  const isBinary = opcode === OPCODE_BINARY || messageOpcode === OPCODE_BINARY;
  const text = isBinary ? undefined : decodeUtf8(payload);
  return text === undefined ? { term: AS_ASCII, text: formatAscii(payload) } : { term: 'As text', text };
}

function hexView(bytes: Uint8Array, faultAt: number | undefined, className: string): HTMLElement {
  if (faultAt === undefined || faultAt < 0 || faultAt >= bytes.length)
    return element('code', className, formatHex(bytes));
  const before = bytes.subarray(0, faultAt);
  const after = bytes.subarray(faultAt + 1);
  return element(
    'code',
    className,
    formatHex(before) + (before.length > 0 ? ' ' : ''),
    element('mark', 'fault', formatHex(bytes.subarray(faultAt, faultAt + 1))),
    (after.length > 0 ? ' ' : '') + formatHex(after),
  );
}
