// The header of a frame, drawn: its bytes in hex, under each the bits or the number that it holds, coloured by field. Knows
// the header only.

import { formatHex } from '../bytes.js';
import { element } from '../dom.js';
import { type HeaderParts, splitHeader } from './header-parts.js';
import { opcodeWords } from './words.js';

type Field = 'fin' | 'rsv' | 'opcode' | 'mask' | 'length' | 'key';

/** @param faultAt the byte of the header that breaks a rule, if one does */
export function headerView(header: Uint8Array, faultAt: number | undefined): HTMLElement {
  const parts = splitHeader(header);
  const isFault = (from: number, to: number) => faultAt !== undefined && faultAt >= from && faultAt < to;
  const extendedEnd = 2 + parts.extendedLength.length;
  const view = element('div', 'header-bytes', byteView(header.subarray(0, 1), firstByteFields(parts), isFault(0, 1)));
  if (header.length > 1) view.append(byteView(header.subarray(1, 2), secondByteFields(parts), isFault(1, 2)));
  if (parts.extendedLength.length > 0) {
    const number = parts.payloadLength?.toLocaleString('en') ?? '…';
    const label = `extended length, ${(parts.headerLength - (parts.masked ? 4 : 0) - 2) * 8} bits`;
    view.append(byteView(parts.extendedLength, [fieldView('length', number, label)], isFault(2, extendedEnd)));
  }
  if (parts.maskingKey.length > 0) {
    const field = fieldView('key', `${parts.maskingKey.length * 8} bits`, 'masking key');
    view.append(byteView(parts.maskingKey, [field], isFault(extendedEnd, extendedEnd + 4)));
  }
  view.role = 'img';
  view.ariaLabel = inWords(header, parts);
  return view;
}

function firstByteFields({ fin, rsv1, rsv2, rsv3, opcode }: HeaderParts): HTMLElement[] {
  return [
    fieldView('fin', bit(fin), 'FIN'),
    fieldView('rsv', bit(rsv1), 'RSV1'),
    fieldView('rsv', bit(rsv2), 'RSV2'),
    fieldView('rsv', bit(rsv3), 'RSV3'),
    fieldView('opcode', opcode.toString(2).padStart(4, '0'), `opcode: ${opcodeWords(opcode)}`),
  ];
}

function secondByteFields({ masked = false, shortLength = 0 }: HeaderParts): HTMLElement[] {
  return [
    fieldView('mask', bit(masked), 'MASK'),
    fieldView('length', shortLength.toString(2).padStart(7, '0'), `length: ${shortLengthWords(shortLength)}`),
  ];
}

function byteView(bytes: Uint8Array, fields: readonly HTMLElement[], isFault: boolean): HTMLElement {
  const hex = element('span', isFault ? 'hex fault' : 'hex', formatHex(bytes));
  return element('span', 'byte', hex, element('span', 'fields', ...fields));
}

function fieldView(field: Field, value: string, label: string): HTMLElement {
  return element('span', `field ${field}`, element('span', 'value', value), element('span', 'label', label));
}

function bit(isSet: boolean): string {
  return isSet ? '1' : '0';
}

function shortLengthWords(shortLength: number): string {
  return shortLength < 126 ? String(shortLength) : `${shortLength}, ${shortLength === 126 ? 16 : 64} bits follow`;
}

/** The drawing, for those who hear it. */
function inWords(header: Uint8Array, parts: HeaderParts): string {
  const { fin, rsv1, rsv2, rsv3, opcode, masked, shortLength, extendedLength, maskingKey, payloadLength } = parts;
  const words = [
    `Header ${formatHex(header)}`,
    `FIN ${bit(fin)}`,
    `RSV ${bit(rsv1)} ${bit(rsv2)} ${bit(rsv3)}`,
    `opcode ${opcode}, ${opcodeWords(opcode)}`,
  ];
  if (masked !== undefined) words.push(`MASK ${bit(masked)}`);
  if (shortLength !== undefined) words.push(`length ${shortLengthWords(shortLength)}`);
  if (extendedLength.length > 0) words.push(`extended length ${payloadLength ?? 'cut off'}`);
  if (maskingKey.length > 0) words.push(`masking key ${formatHex(maskingKey)}`);
  return words.join('; ');
}
