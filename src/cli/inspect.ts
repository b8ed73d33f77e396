// `wsimd inspect`: what passed on a WebSocket connection, from a capture or from bytes. It reads the input and prints; what
// is found is for inspect/.

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { ByteReader } from '../capture/byte-reader.js';
import { guessSender } from '../capture/looks-like-frame.js';
import { type Command, CommandError, parseOptions, UsageError } from './command.js';
import { fileErrorText } from './files.js';
import { Conversation } from './inspect/conversation/conversation.js';
import { type KnownExtensions, readExtensionsOption } from './inspect/conversation/extensions.js';
import type { Entry } from './inspect/entries.js';
import { type FollowedBytes, parseFollowText } from './inspect/follow-text.js';
import { decodeInput, detectFormat, FORMATS, type Format } from './inspect/input-format.js';
import { inspectCapture } from './inspect/inspect-capture.js';
import { jsonLine } from './inspect/json-lines.js';
import { DEFAULT_JSON_BYTES, DEFAULT_TEXT_BYTES, MAX_BYTES, payloadOf } from './inspect/payload-option.js';
import { TextLines } from './inspect/text-lines.js';
import { printable, styleFor } from './terminal.js';

/** What is taken apart before it is printed. */
const SLICE_LENGTH = 64 * 1024;

export const command: Command = {
  help: `wsimd inspect: what passed on a WebSocket connection, frame by frame

Usage: wsimd inspect [options] FILE|-

FILE is a capture of ws: connections (pcap or pcapng, as tcpdump and Wireshark
write them), or the bytes of one direction: in hex, in Base64 or raw, with the
head of the handshake or without. "-" is the standard input, which may go on
while it is read: tcpdump -i any -U -w - port 8080 | wsimd inspect -

TLS: tshark decrypts a capture by the keys that a program has logged, and what it
prints of a connection (here the first) is read too:
  tshark -r FILE -o tls.keylog_file:KEYS -q -z follow,tls,raw,0 | wsimd inspect -

Options:
  --format NAME   ${FORMATS.join(', ')}; default: what it looks like
  --from NAME     client or server: who sent the bytes, where they are no
                  capture; default: what they look like
  --extensions TEXT
                  what the handshake agreed on where it is not in the input, as
                  its header says it, such as
                  'permessage-deflate; client_no_context_takeover', or '' for
                  nothing; bytes then begin with the first frame
  --payload N     bytes of each payload to show, 0 to ${MAX_BYTES};
                  default ${DEFAULT_TEXT_BYTES}, with --json ${DEFAULT_JSON_BYTES}
  --json          one object a line: "type" is connection, request, response,
                  frame, message, violation or note

One line a frame: offset in the bytes of its direction, opcode, FIN, RSV bits,
masking key, length of the payload, its beginning; → is from the client, ← from
the server. A message of several frames is told once more, joined. Compressed
messages (permessage-deflate) are shown inflated; frames that are a part of one
as they are.

Exit code: 0; 1 if a rule of RFC 6455 is broken, the input is damaged, bytes of
one direction end inside a frame, or there is nothing in it; 2 for wrong usage.
`,

  async run(args) {
    const { values, positionals } = parseOptions(args, {
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        from: { type: 'string' },
        extensions: { type: 'string' },
        payload: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('inspect takes one file, or "-"');
    const format = oneOf('--format', values.format, FORMATS);
    const from = oneOf('--from', values.from, ['client', 'server'] as const);
    const extensions = values.extensions === undefined ? undefined : readExtensionsOption(values.extensions);
    const defaultBytes = values.json ? DEFAULT_JSON_BYTES : DEFAULT_TEXT_BYTES;
    const maxPayload = payloadOf(values.payload, defaultBytes);

    const reader = new ByteReader(file === '-' ? process.stdin : openFile(file));
    const rethrowReadError = (error: unknown) => rethrowSystemError(file, error);
    return run(reader, { format, from, extensions, maxPayload, json: values.json, rethrowReadError });
  },
};

interface RunOptions {
  readonly format: Format | undefined;
  readonly from: 'client' | 'server' | undefined;
  readonly extensions: KnownExtensions | undefined;
  readonly maxPayload: number;
  readonly json: boolean;
  /** Says in one line why the input cannot be read. */
  readonly rethrowReadError: (error: unknown) => never;
}

async function run(reader: ByteReader, options: RunOptions): Promise<number> {
  const { from, extensions, maxPayload, json, rethrowReadError } = options;
  const format = options.format ?? (await detectFormat(reader).catch(rethrowReadError));
  if (options.format === undefined && format === 'raw') {
    process.stderr.write('wsimd: neither a capture nor hex nor Base64: taken as raw bytes (see --format)\n');
  }
  const isCapture = format === 'capture';
  if ((isCapture || format === 'follow') && from !== undefined) {
    throw new UsageError('--from is for bytes of one direction, not for a capture');
  }
  const text = new TextLines({ style: styleFor(process.stdout), width: maxPayload, isCapture });
  let isBroken = false;
  let isCut = false;
  const output = new Output(process.stdout);
  const emit = (entry: Entry) => {
    isBroken ||= entry.type === 'violation';
    isCut ||= entry.type === 'frame' && entry.isCut;
    const line = json ? jsonLine(entry, maxPayload) : text.format(entry);
    if (line !== undefined) output.write(`${line}\n`);
  };
  if (isCapture) {
    const { damage, notes, isEmpty } = await inspectCapture(reader, {
      extensions,
      maxPayload,
      emit,
      flush: () => output.flush(),
    }).catch(rethrowReadError);
    await output.flush();
    for (const note of notes) process.stderr.write(`wsimd: ${printable(note)}\n`);
    if (damage !== undefined) throw new CommandError(damage);
    if (isEmpty) return 1;
  } else {
    const input = await reader.readRest().catch(rethrowReadError);
    const pieces = input.length === 0 ? [] : decodePieces(input, format, from);
    if (!pieces.some(({ bytes }) => bytes.length > 0)) throw new CommandError('there are no bytes in it');
    const conversation = new Conversation({
      ...{ connection: undefined, isWhole: false, isAligned: true },
      ...{ extensions, maxPayload, emit },
    });
    for (const { from: sender, bytes } of pieces) {
      for (let i = 0; i < bytes.length; i += SLICE_LENGTH) {
        conversation.data(sender, bytes.subarray(i, i + SLICE_LENGTH));
        await output.flush();
      }
    }
    conversation.end();
    await output.flush();
  }
  // A capture ends where it was stopped, which is no damage.
  const isDamaged = isCut && !isCapture && format !== 'follow';
  return isBroken || isDamaged ? 1 : 0;
}

/** The bytes of an input that is no capture, with their sender. */
function decodePieces(
  input: Uint8Array,
  format: Exclude<Format, 'capture'>,
  from: FollowedBytes['from'] | undefined,
): readonly FollowedBytes[] {
  if (format === 'follow') return parseFollowText(Buffer.from(input).toString('latin1'));
  const bytes = decodeInput(input, format);
  return [{ from: from ?? guessSender(bytes), bytes }];
}

/** Gathers lines, and waits for the reader of the output. */
class Output {
  readonly #stream: NodeJS.WriteStream;
  #text = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  write(text: string): void {
    this.#text += text;
  }

  async flush(): Promise<void> {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    await new Promise<void>((resolve) => this.#stream.write(text, () => resolve()));
  }
}

async function* openFile(file: string): AsyncGenerator<Uint8Array> {
  const stream: Readable = createReadStream(file, { highWaterMark: 1024 * 1024 });
  yield* stream;
}

/** @throws CommandError for an error of the file system */
function rethrowSystemError(file: string, error: unknown): never {
  if (error instanceof Error && 'code' in error && 'syscall' in error)
    throw new CommandError(fileErrorText(file, error));
  throw error;
}

function oneOf<T extends string>(option: string, text: string | undefined, choices: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((name) => name === text);
  if (choice === undefined) throw new UsageError(`${option} is one of ${choices.join(', ')}, not "${text}"`);
  return choice;
}
