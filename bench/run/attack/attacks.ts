// What a hostile peer sends behind its handshake, as bytes on the wire.

import { constants, deflateRawSync } from 'node:zlib';
import { OPCODE_BINARY, OPCODE_CLOSE, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { makeFrame } from '../../core/frames.js';

export interface Attack {
  readonly name: string;
  readonly maxPayload: number;
  readonly bytes: Uint8Array;
  /** Milliseconds for which it is sent again and again; 0: once. */
  readonly duration: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const DEFAULT_MAX_PAYLOAD = 100 * MIB;
const RSV1 = 0x40;
/** It may be any, and with this one masking changes nothing. */
const KEY = new Uint8Array(4);
const REQUESTS = 20;

function frame(opcode: number, payload: Uint8Array): Uint8Array {
  return makeFrame(opcode, payload, KEY);
}

function compressed(payload: Uint8Array): Uint8Array {
  const bytes = frame(OPCODE_BINARY, payload);
  bytes[0]! |= RSV1;
  return bytes;
}

const CLOSE = frame(OPCODE_CLOSE, Uint8Array.of(0x03, 0xe8));

function requests(): Uint8Array {
  const request = frame(OPCODE_TEXT, Buffer.from('big'));
  return Buffer.concat([...new Array<Uint8Array>(REQUESTS).fill(request), CLOSE]);
}

/** The bits of a block with codes of 1 to 15 bits that ends at once (RFC 1951 section 3.2.7), first bit first. */
function emptyBlock(): string {
  const number = (value: number, count: number) => value.toString(2).padStart(count, '0').split('').reverse().join('');
  // Literals 0 to 14 have codes of 2 to 15 bits, 15 twice, the end of the block one of 1 bit, and so has the only distance. The
  // lengths themselves are written with codes of 4 or 5 bits.
  const symbols = [18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const header = order.map((symbol) => number(symbols.includes(symbol) ? 4 : 0, 3)).join('');
  const sorted = [...symbols].sort((a, b) => a - b);
  const code = (symbol: number) => sorted.indexOf(symbol).toString(2).padStart(4, '0');
  const lengths = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15].map(code).join('');
  // 241 zeros, in two runs.
  const zeros = code(18) + number(138 - 11, 7) + code(18) + number(103 - 11, 7);
  return `0${number(2, 2)}${number(0, 5)}${number(0, 5)}${number(19 - 4, 4)}${header}${lengths}${zeros}${code(1)}${code(1)}0`;
}

function emptyBlocks(length: number): Uint8Array {
  // Eight blocks end at a byte's border.
  const bits = emptyBlock().repeat(8);
  const unit = Uint8Array.from({ length: bits.length / 8 }, (_, i) =>
    Number.parseInt([...bits.slice(8 * i, 8 * i + 8)].reverse().join(''), 2),
  );
  const payload = new Uint8Array(Math.floor(length / unit.length) * unit.length + 1);
  for (let at = 0; at + unit.length < payload.length; at += unit.length) payload.set(unit, at);
  return payload;
}

/** Many messages of so many bytes, which take about a thousandth of that. */
function flood(length: number): Uint8Array {
  const deflated = deflateRawSync(Buffer.alloc(length), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const message = compressed(deflated);
  return Buffer.concat(new Array<Uint8Array>(Math.ceil((256 * KIB) / message.length)).fill(message));
}

export function makeAttacks(): readonly Attack[] {
  return [
    { name: `${REQUESTS} requests of 16 MiB`, maxPayload: DEFAULT_MAX_PAYLOAD, bytes: requests(), duration: 0 },
    {
      name: '32 MiB of empty blocks',
      maxPayload: DEFAULT_MAX_PAYLOAD,
      bytes: Buffer.concat([compressed(emptyBlocks(32 * MIB)), CLOSE]),
      duration: 0,
    },
    { name: 'a flood of messages of 1 MiB', maxPayload: MIB, bytes: flood(MIB), duration: 3000 },
    { name: 'a flood of messages of 64 KiB', maxPayload: MIB, bytes: flood(64 * KIB), duration: 3000 },
  ];
}
