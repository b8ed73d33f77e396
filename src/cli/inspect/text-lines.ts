// Formats entries as lines for people, one line each.

import { opcodeWords } from '../../page/frames/words.js';
import { hexOf, printable, type Style } from '../terminal.js';
import type { Entry, FrameEntry, HeadEntry } from './entries.js';
import { payloadText } from './payload-text.js';

export interface TextOptions {
  readonly style: Style;
  /** The most characters of a payload that are shown. */
  readonly width: number;
  /** The input is a capture: lines begin with the connection's number and the time. */
  readonly isCapture: boolean;
}

/** The headers of a handshake that are shown: they say what was requested and negotiated. */
const TOLD_HEADERS = ['host', 'origin', 'sec-websocket-protocol', 'sec-websocket-extensions'];
const NANOSECONDS = 1_000_000_000n;

export class TextLines {
  readonly #options: TextOptions;
  #firstTime: bigint | undefined;
  #hasTitle = false;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  /** Formats an entry as one or more lines, without a line feed at the end. @returns undefined for an entry that has no line */
  format(entry: Entry): string | undefined {
    const { style } = this.#options;
    const line = this.#line(entry);
    if (line === undefined || this.#hasTitle) return line;
    this.#hasTitle = true;
    const place = this.#options.isCapture ? '#   seconds   ' : '';
    return `${style.dim(`${place}    offset  opcode        FIN RSV mask         length  payload`)}\n${line}`;
  }

  #line(entry: Entry): string | undefined {
    const { style } = this.#options;
    if (entry.type === 'connection') {
      const { number, client, server, isWhole } = entry.info;
      const start = isWhole ? '' : ', from the middle: the capture does not have its beginning';
      this.#firstTime ??= entry.time;
      return style.bold(`${`#${number}`.padEnd(3)} ${client} → ${server}, ${dateOf(entry.time)}${start}`);
    }
    const arrow = entry.from === 'client' ? style.green('→') : style.cyan('←');
    const start = `${this.#place(entry)}${arrow} `;
    switch (entry.type) {
      case 'request':
      case 'response':
        return `${start}${offsetText(entry.offset)}  ${headText(entry)}`;
      case 'frame':
        return `${start}${this.#frame(entry)}`;
      case 'message':
        // The line of its frame shows a message of one frame.
        return entry.frames === 1 ? undefined : `${start}${this.#message(entry)}`;
      case 'violation': {
        const close = entry.closeCode === undefined ? '' : `, close code ${entry.closeCode}`;
        const text = `${entry.code}: ${printable(entry.message)} (byte ${entry.offset} of the ${entry.from}${close})`;
        return `${start}${offsetText(entry.offset)}  ${style.red(`BROKEN RULE  ${text}`)}`;
      }
      case 'note':
        return `${start}${style.dim(`${''.padStart(9)}  (${printable(entry.text)})`)}`;
    }
  }

  #place({ connection, time }: { connection: number | undefined; time: bigint | undefined }): string {
    if (!this.#options.isCapture) return '';
    return `${`#${connection}`.padEnd(3)}${secondsText((time ?? 0n) - (this.#firstTime ?? 0n)).padStart(12)} `;
  }

  #frame(frame: FrameEntry): string {
    const { style, width } = this.#options;
    const { offset, fin, rsv1, rsv2, rsv3, opcode, maskingKey, payloadLength, messageOpcode, isCut, isRefused } = frame;
    const name = opcodeWords(opcode) === 'reserved' ? `reserved ${opcode.toString(16)}` : opcodeWords(opcode);
    const bits = `${fin ? 'FIN' : ' - '} ${rsv1 ? '1' : '-'}${rsv2 ? '2' : '-'}${rsv3 ? '3' : '-'}`;
    const key = maskingKey === undefined ? '-' : hexOf(maskingKey);
    const length = String(payloadLength ?? '?').padStart(9);
    const text = payloadText({ ...frame, opcode: messageOpcode ?? opcode }, width);
    const line = `${offsetText(offset)}  ${name.padEnd(12)}  ${bits} ${key.padEnd(8)} ${length}  ${text}`.trimEnd();
    return isRefused ? style.red(line) : isCut ? `${line} ${style.dim('(cut off)')}` : line;
  }

  #message(message: Extract<Entry, { type: 'message' }>): string {
    const { opcode, frames, payloadLength } = message;
    const what = `${opcodeWords(opcode)} of ${frames} frames`;
    const length = String(payloadLength).padStart(9);
    return `${offsetText(message.offset)}  = ${what.padEnd(27)} ${length}  ${payloadText(message, this.#options.width)}`;
  }
}

function headText({ startLine, headers }: HeadEntry): string {
  const told = TOLD_HEADERS.flatMap((name) => {
    const value = headers.get(name);
    return value === undefined ? [] : [`${name.replace('sec-websocket-', '')}: ${value}`];
  });
  return printable([startLine, ...told].join('  '));
}

function offsetText(offset: number): string {
  return String(offset).padStart(9);
}

/** Seconds, to the microsecond. */
function secondsText(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const microseconds = (nanoseconds < 0n ? -nanoseconds : nanoseconds) / 1000n;
  return `${sign}${microseconds / 1_000_000n}.${String(microseconds % 1_000_000n).padStart(6, '0')}`;
}

/** A time in RFC 3339, to the nanosecond; outside the range of `Date`, the number of nanoseconds. */
export function dateOf(nanoseconds: bigint | undefined): string {
  if (nanoseconds === undefined) return 'at an unknown time';
  const fraction = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  const date = new Date(Number((nanoseconds - fraction) / NANOSECONDS) * 1000);
  if (Number.isNaN(date.getTime())) return `${nanoseconds} ns after 1970`;
  return date.toISOString().replace(/\.000Z$/, `.${String(fraction).padStart(9, '0')}Z`);
}
