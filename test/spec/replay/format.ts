// Reads the vector files of test/spec/vectors (their format: README.md there). Knows no codec, no test runner and no
// host: what it makes is data.

export type VectorRole = 'server' | 'client' | 'observer';

export interface FrameLine {
  /** 0 to 15; undefined for bytes that go on the wire as they are. */
  readonly opcode: number | undefined;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly fin: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv: number;
  /** Masked where it may not be, or not masked where it must. */
  readonly wrongMask: boolean;
  /** How the length is written, where it is not the shortest form. */
  readonly lengthBits: 7 | 16 | 64 | undefined;
  /** The length that the header claims, where it is not the payload's. */
  readonly claims: bigint | undefined;
  readonly maskingKey: Uint8Array | undefined;
}

export interface EventLine {
  readonly type: 'text' | 'binary' | 'ping' | 'pong' | 'close';
  readonly closeCode: number | undefined;
  /** Of a Close frame: its reason. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

export interface FailureLine {
  readonly closeCode: number;
  /** The code of the `ProtocolError`, without `WSIMD_`. */
  readonly rule: string;
  /** The byte at fault: of the last frame's header, or of its payload. */
  readonly at: { readonly part: 'byte' | 'payload'; readonly offset: number };
  /** What must have come of the last frame for the fault to be known. */
  readonly known: 'opening' | 'header' | number;
}

/** Compressed messages that the peer makes, so many of a length, each in frames of `by` bytes (0: in one). */
export interface MessagesLine {
  readonly type: 'text' | 'binary';
  readonly of: 'json' | 'html' | 'prose' | 'image' | 'noise';
  readonly length: number;
  readonly times: number;
  readonly by: number;
}

export interface TextVector {
  readonly title: string;
  readonly section: string;
  readonly why: string;
  readonly autobahn: readonly string[];
  readonly roles: readonly VectorRole[];
  readonly options: Readonly<Record<string, number | boolean>>;
  /** The code and the reason with which we have begun to close, before anything comes. */
  readonly closing: EventLine | undefined;
  readonly frames: readonly FrameLine[];
  /** What comes behind the end, and is dropped. */
  readonly behind: readonly FrameLine[];
  readonly events: readonly EventLine[];
  readonly out: readonly FrameLine[];
  readonly failure: FailureLine | undefined;
  /** Of RFC 7692: the server's answer in the handshake. */
  readonly agreed: string | undefined;
  readonly messages: readonly MessagesLine[];
  /** The lengths of chunks, where not every cut is to be tried; 0 is the whole. */
  readonly chops: readonly number[] | undefined;
}

const OPCODES: ReadonlyMap<string, number> = new Map([
  ['continuation', 0],
  ['text', 1],
  ['binary', 2],
  ['close', 8],
  ['ping', 9],
  ['pong', 10],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode${opcode}`, opcode] as const),
]);
const ROLES: Readonly<Record<string, readonly VectorRole[]>> = {
  server: ['server'],
  client: ['client'],
  observer: ['observer'],
  both: ['server', 'client'],
  all: ['server', 'client', 'observer'],
};
const WORD = /"(?:[^"\\]|\\.)*"(?:\*[0-9]+)?|[^\s"]+/g;
const utf8 = new TextEncoder();

/** A vector that has not been read: long ones take much memory. */
export interface VectorSource {
  readonly title: string;
  readonly section: string;
  readonly autobahn: readonly string[];
  readonly lines: readonly string[];
}

/** All vectors of a file. */
export function splitVectors(text: string): VectorSource[] {
  const blocks = text.split(/^== /m).slice(1);
  return blocks.map((block) => {
    const [title = '', ...lines] = block.split('\n').map((line) => line.trim());
    const valueFor = (keyword: string) =>
      lines.find((line) => line.startsWith(`${keyword} `))?.slice(keyword.length + 1);
    return { title, section: valueFor('section') ?? '', autobahn: valueFor('autobahn')?.split(' ') ?? [], lines };
  });
}

/** @throws Error that names what it cannot read */
export function readVector({ title, lines }: VectorSource): TextVector {
  try {
    return parseVector(title, lines);
  } catch (error) {
    throw new Error(`vector "${title}": ${String(error)}`);
  }
}

function parseVector(title: string, lines: readonly string[]): TextVector {
  let [section, why, roles] = ['', '', ROLES.both!];
  const autobahn: string[] = [];
  const options: Record<string, number | boolean> = {};
  const frames: FrameLine[] = [];
  const behind: FrameLine[] = [];
  const events: EventLine[] = [];
  const out: FrameLine[] = [];
  const messages: MessagesLine[] = [];
  let agreed: string | undefined;
  let closing: EventLine | undefined;
  let failure: FailureLine | undefined;
  let chops: number[] | undefined;

  for (const line of lines) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const keyword = trimmed.split(/\s/, 1)[0]!;
    const rest = trimmed.slice(keyword.length).trim();
    const words = rest.match(WORD) ?? [];
    switch (keyword) {
      case 'section':
        section = rest;
        break;
      case 'why':
        why += why === '' ? rest : ` ${rest}`;
        break;
      case 'autobahn':
        autobahn.push(...words);
        break;
      case 'role':
        roles = ROLES[rest] ?? raise(`no role ${rest}`);
        break;
      case 'set':
        for (const word of words) {
          const [name = '', value = ''] = word.split('=');
          options[name] = value === 'true' ? true : readNumber(value);
        }
        break;
      case 'cut':
        chops = words.map((word) => (word === 'whole' ? 0 : readNumber(word)));
        break;
      case 'agreed':
        agreed = rest;
        break;
      case 'messages':
        messages.push(parseMessages(words));
        break;
      case 'closing':
        closing = parseEvent(['close', ...words]);
        break;
      case 'in':
        for (const frame of repeat(words, parseFrames).flat()) frames.push(frame);
        break;
      case 'then':
        behind.push(...parseFrames(words));
        break;
      case 'event':
        for (const event of repeat(words, parseEvent)) events.push(event);
        break;
      case 'out':
        out.push(...parseFrames(words));
        break;
      case 'fails':
        failure = parseFailure(words);
        break;
      default:
        raise(`no keyword ${keyword}`);
    }
  }
  if (section === '' || why === '') raise('it has no section, or no why');
  const stream = { options, agreed, closing, frames, messages, behind, chops };
  return { title, section, why, autobahn, roles, ...stream, events, out, failure };
}

/** What a line says, so many times as its "times=" tells. */
function repeat<T>(words: readonly string[], parse: (words: readonly string[]) => T): T[] {
  const times = words.find((word) => word.startsWith('times='));
  const parsed = parse(words.filter((word) => word !== times));
  return new Array<T>(times === undefined ? 1 : readNumber(times.slice('times='.length))).fill(parsed);
}

function parseFrames([kind = '', ...words]: readonly string[]): FrameLine[] {
  const opcode = OPCODES.get(kind);
  if (opcode === undefined && kind !== 'raw') raise(`no frame ${kind}`);
  const flags = new Map<string, string>();
  const rest: string[] = [];
  for (const word of words) {
    const [name = '', value = ''] = word.split('=');
    if (['more', 'wrong-mask', 'rsv', 'length', 'claims', 'key', 'by'].includes(name)) flags.set(name, value);
    else rest.push(word);
  }
  const payload = opcode === 8 ? parseClosePayload(rest) : parsePayload(rest);
  const frame: FrameLine = {
    opcode,
    payload,
    fin: !flags.has('more'),
    rsv: readNumber(flags.get('rsv') ?? '0'),
    wrongMask: flags.has('wrong-mask'),
    lengthBits: readLengthBits(flags.get('length')),
    claims: flags.has('claims') ? BigInt(flags.get('claims')!) : undefined,
    maskingKey: flags.has('key') ? parsePayload([flags.get('key')!]) : undefined,
  };
  const by = flags.get('by');
  return by === undefined ? [frame] : inFragments(frame, readNumber(by));
}

/** The message in fragments of so many bytes. */
function inFragments(frame: FrameLine, length: number): FrameLine[] {
  const { payload } = frame;
  const fragments: FrameLine[] = [];
  for (let from = 0; from < payload.length; from += length) {
    const isLast = from + length >= payload.length;
    const opcode = from === 0 ? frame.opcode : 0;
    fragments.push({ ...frame, opcode, payload: payload.subarray(from, from + length), fin: frame.fin && isLast });
  }
  return fragments;
}

function parseMessages([type, of, ...words]: readonly string[]): MessagesLine {
  if (type !== 'text' && type !== 'binary') return raise(`no messages ${type}`);
  if (of !== 'json' && of !== 'html' && of !== 'prose' && of !== 'image' && of !== 'noise')
    return raise(`of what? ${of}`);
  const values = new Map(words.map((word) => word.split('=') as [string, string]));
  const read = (name: string) => readNumber(values.get(name) ?? '0');
  return { type, of, length: read('length'), times: read('times'), by: read('by') };
}

function parseEvent([type = '', ...words]: readonly string[]): EventLine {
  if (type === 'close') {
    const [code = '', ...reason] = words;
    return { type, closeCode: readNumber(code), payload: parsePayload(reason) };
  }
  if (type !== 'text' && type !== 'binary' && type !== 'ping' && type !== 'pong') raise(`no event ${type}`);
  return { type: type as EventLine['type'], closeCode: undefined, payload: parsePayload(words) };
}

function parseFailure(words: readonly string[]): FailureLine {
  const [closeCode = '', rule = '', at, part, offset = '', known, when = '', count = ''] = words;
  if (at !== 'at' || known !== 'known' || (part !== 'byte' && part !== 'payload')) raise('"at" or "known" is missing');
  if (when !== 'opening' && when !== 'header' && when !== 'payload') raise(`known when? ${when}`);
  return {
    closeCode: readNumber(closeCode),
    rule,
    at: { part: part as 'byte' | 'payload', offset: readNumber(offset) },
    known: when === 'payload' ? readNumber(count) : (when as 'opening' | 'header'),
  };
}

function parseClosePayload(words: readonly string[]): Uint8Array<ArrayBuffer> {
  const [code, ...reason] = words;
  if (code === undefined || !/^[0-9]+$/.test(code)) return parsePayload(words);
  const rest = parsePayload(reason);
  const payload = new Uint8Array(2 + rest.length);
  payload.set([readNumber(code) >> 8, readNumber(code) & 255]);
  payload.set(rest, 2);
  return payload;
}

/**
 * Texts in quotes (JSON) and bytes in hexadecimal behind an x, each with `*count` behind it if it is to be repeated; `#count`
 * for that many bytes which are the same at no two places near each other.
 */
function parsePayload(words: readonly string[]): Uint8Array<ArrayBuffer> {
  const parts = words.map((word) => {
    if (word.startsWith('#')) return { bytes: variedBytes(readNumber(word.slice(1))), count: 1 };
    const match = /^(".*"|x[0-9a-f]*)(?:\*([0-9]+))?$/s.exec(word);
    if (match === null) return raise(`no payload ${word}`);
    const [, what = '', count = '1'] = match;
    return {
      bytes: what.startsWith('"') ? utf8.encode(JSON.parse(what)) : parseHex(what.slice(1)),
      count: Number(count),
    };
  });
  const payload = new Uint8Array(parts.reduce((sum, { bytes, count }) => sum + bytes.length * count, 0));
  let offset = 0;
  for (const { bytes, count } of parts) {
    for (let i = 0; i < count; i++, offset += bytes.length) payload.set(bytes, offset);
  }
  return payload;
}

/** Byte i is i + 7 * floor(i / 256), of which the low eight bits count. */
function variedBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i + 7 * (i >>> 8);
  return bytes;
}

function parseHex(digits: string): Uint8Array {
  if (digits.length % 2 !== 0) raise(`half a byte in x${digits}`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

function readLengthBits(value: string | undefined): FrameLine['lengthBits'] {
  if (value === undefined) return undefined;
  const bits = readNumber(value);
  return bits === 7 || bits === 16 || bits === 64 ? bits : raise(`no length of ${value} bits`);
}

function readNumber(digits: string): number {
  return /^[0-9]+$/.test(digits) ? Number(digits) : raise(`no number: ${digits}`);
}

function raise(problem: string): never {
  throw new Error(problem);
}
