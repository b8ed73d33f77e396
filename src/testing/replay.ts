// Plays one end of a recorded connection to a new `Connection`: what a peer once did, in a test.

import { joinBytes } from '../bytes/copy.js';
import { Connection } from '../connection.js';
import type { ConnectionOptions } from '../connection-options.js';
import { PerMessageDeflate } from '../deflate/per-message-deflate.js';
import { type ExtensionOffer, parseExtensions } from '../handshake/extensions.js';
import {
  HeadReader,
  type ParsedRequestHead,
  type ParsedResponseHead,
  parseRequestHead,
  parseResponseHead,
} from '../handshake/head.js';
import type { MessageCompression } from '../messages/compression.js';
import type { MessageEvent } from '../messages/handler.js';
import type { Role } from '../protocol/role.js';
import type { Faults } from './faults.js';
import { MemoryWire } from './memory-wire.js';
import type { RecordedBytes, Recording } from './recordings.js';
import { TestEnd } from './test-end.js';
import { VirtualClock } from './virtual-clock.js';

/** How a recording is replayed. */
export interface ReplayOptions {
  /** Which end the new connection is: a `'server'` receives what the recorded client sent. Default `'server'`. */
  readonly role?: Role;
  /** Options of the new connection. */
  readonly connection?: Omit<ConnectionOptions, 'role'>;
  /** What else happens to the bytes, apart from the times at which they were recorded. Default: nothing. */
  readonly faults?: Faults;
  /** The clock by which the bytes arrive. Default: a new one. */
  readonly clock?: VirtualClock;
  /** Called for each event as it arrives: the program under test. */
  readonly onEvent?: (event: MessageEvent, connection: Connection) => void;
}

/** What came of a replay. */
export interface Replayed {
  /** The request of the recorded handshake. */
  readonly request: ParsedRequestHead;
  /** The response of the recorded handshake. */
  readonly response: ParsedResponseHead;
  /** The end that received the bytes: its connection, its events and how its transport ended. */
  readonly end: TestEnd;
  /** What the connection sent: answers to pings and Close frames, and what `onEvent` had it send. */
  readonly sent: Uint8Array;
}

/**
 * Replays what one end of a recorded connection sent, behind its handshake, to a new `Connection`, in the chunks and at the times (of a
 * virtual clock) that were recorded. Returns when all has arrived. Compression is what the recorded handshake negotiated.
 *
 * ```ts
 * const { end } = replay(recording, { faults: { split: 1 } });
 * expect(end.events.at(-1)).toMatchObject({ type: 'error', error: { code: 'WSIMD_NOT_MASKED' } });
 * ```
 *
 * @throws Error if the recording is not whole, or is no WebSocket connection; ProtocolError if its handshake cannot be read
 */
export function replay(recording: Recording, options: ReplayOptions = {}): Replayed {
  const { role = 'server', faults = {}, clock = new VirtualClock(), onEvent } = options;
  if (!recording.isWhole)
    throw new Error('the recording is not whole: its beginning, or something later, was not captured');
  const client = withoutHeads(recording, 'client');
  const server = withoutHeads(recording, 'server');
  const request = parseRequestHead(client.head);
  const response = parseResponseHead(server.head);
  if (response.status !== 101)
    throw new Error(`the recorded server answered ${response.status}: there is nothing to replay`);

  const end = new TestEnd(new Connection({ ...options.connection, role }, compressionOf(role, request, response)));
  end.onEvent = onEvent;
  const sent: Uint8Array[] = [];
  const flush = () => sent.push(...end.takeOutgoing());
  const receiver = {
    read: (bytes: Uint8Array) => {
      end.read(bytes);
      flush();
    },
    end: () => {
      end.end();
      flush();
    },
  };
  const wire = new MemoryWire(clock, receiver, faults);
  for (const { bytes, time } of (role === 'server' ? client : server).entries) {
    clock.setTimeout(() => wire.write(bytes), time);
  }
  const last = recording.entries.at(-1)?.time ?? 0;
  clock.setTimeout(() => wire.end(), last);
  clock.runAll();
  return { request, response, end, sent: joinBytes(sent) };
}

/** @returns the last head that an end sent, and what it sent behind it */
function withoutHeads(recording: Recording, from: Role): { head: Uint8Array; entries: RecordedBytes[] } {
  const reader = new HeadReader();
  const entries: RecordedBytes[] = [];
  let head: Uint8Array | undefined;
  for (const entry of recording.entries) {
    if (entry.from !== from) continue;
    let { bytes } = entry;
    while (head === undefined && bytes.length > 0) {
      const received = reader.push(bytes);
      if (received === undefined) break;
      bytes = received.rest;
      // An interim response is followed by the final one (RFC 9110 section 15.2).
      const isInterim = from === 'server' && /^HTTP\/1\.1 1(?!01)/.test(startOf(received.head));
      if (!isInterim) head = received.head;
    }
    if (head !== undefined && bytes.length > 0) entries.push({ ...entry, bytes });
  }
  if (head === undefined) throw new Error(`the recorded ${from} sent no whole head of an opening handshake`);
  return { head, entries };
}

function startOf(head: Uint8Array): string {
  return String.fromCharCode(...head.subarray(0, 12));
}

function compressionOf(
  role: Role,
  request: ParsedRequestHead,
  response: ParsedResponseHead,
): MessageCompression | undefined {
  const [answer, offers] = [response, request].map(({ headers }) => {
    const value = headers.get('sec-websocket-extensions');
    return value === undefined ? [] : parseExtensions(value);
  }) as [ExtensionOffer[], ExtensionOffer[]];
  const deflate = new PerMessageDeflate();
  return role === 'server' ? deflate.forServer(answer) : deflate.forClient(answer, offers);
}
