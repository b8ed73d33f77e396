// The segments of a capture → connections, each with two streams of bytes. The SYN says which end is the client; where the
// capture begins later, the handler does. A capture may have any number of connections, so what is kept of them is bounded, in
// number and in bytes; the connection whose last packet is longest ago is forgotten first. It knows TCP and nothing above it.

import type { Segment } from './packets.js';
import { RecentlyUsed } from './recently-used.js';
import { type StreamCounts, TcpStream } from './tcp-stream.js';

export type Sender = 'client' | 'server';

/** A connection that has begun to carry bytes. */
export interface ConnectionInfo {
  /** Counted from 1. */
  readonly number: number;
  /** `address:port`. */
  readonly client: string;
  readonly server: string;
  /** Its SYN was captured. If not, the client is a guess, and earlier bytes may be missing. */
  readonly isWhole: boolean;
}

/** Takes the bytes of a connection. */
export interface ConnectionSink {
  /** Bytes that it keeps until more come. */
  readonly heldLength: number;
  /** It has no use for further bytes. */
  readonly isDone: boolean;
  /** @param bytes a view, valid during the call */
  data(from: Sender, bytes: Uint8Array, time: bigint): void;
  gap(from: Sender, length: number): void;
  /** The connection is forgotten, though it is not over; `end` follows. */
  forget(): void;
  /** Both directions are over, or the capture is. @param isReset by a RST */
  end(isReset: boolean): void;
}

/** The receiver of a connection's bytes. */
export interface ConnectionHandler {
  open(info: ConnectionInfo): ConnectionSink;
  /** Guesses the sender of a segment whose connection's beginning was not captured. */
  guessSender(segment: Segment): Sender;
}

/** How much is kept of all connections together. */
export interface ConnectionLimits {
  /** Connections that have carried bytes and are not over. */
  readonly open: number;
  /** Connections that have carried none. */
  readonly silent: number;
  /** Connections that are over: a late retransmission is recognized as one of theirs. */
  readonly over: number;
  /** Bytes that wait for missing segments or for the rest of a head or a message. A single message may be longer. */
  readonly heldBytes: number;
}

/** Together some 400 MiB in the worst case: an open connection that holds nothing takes 4 KiB. */
const DEFAULT_LIMITS: ConnectionLimits = { open: 16_384, silent: 16_384, over: 65_536, heldBytes: 256 * 1024 * 1024 };

/** How many connections were forgotten to stay within the limits. */
export interface ForgottenCounts {
  /** Had carried bytes. */
  open: number;
  silent: number;
}

interface Connection {
  readonly key: string;
  /** Counts all connections, in the order of their first packets. */
  readonly serial: number;
  /** The end that sent the SYN; where it was not captured, the one that was taken for it. */
  readonly client: string;
  readonly server: string;
  synSequenceNumber: number | undefined;
  readonly streams: Record<Sender, TcpStream | undefined>;
  /** From the first byte on. */
  sink: ConnectionSink | undefined;
  heldLength: number;
}

/** What is kept of a connection that is over. */
interface PastConnection {
  readonly synSequenceNumber: number | undefined;
}

export class TcpConnections {
  readonly counts: StreamCounts = { retransmitted: 0, outOfOrder: 0, outOfWindow: 0 };
  readonly forgotten: ForgottenCounts = { open: 0, silent: 0 };
  readonly #handler: ConnectionHandler;
  readonly #maxHeldBytes: number;
  /** With bytes, and without: many that only knock must not displace those that talk. */
  readonly #open: RecentlyUsed<Connection>;
  readonly #silent: RecentlyUsed<Connection>;
  readonly #over: RecentlyUsed<PastConnection>;
  #serial = 0;
  #opened = 0;
  #heldLength = 0;

  constructor(handler: ConnectionHandler, { open, silent, over, heldBytes }: ConnectionLimits = DEFAULT_LIMITS) {
    this.#handler = handler;
    this.#maxHeldBytes = heldBytes;
    this.#open = new RecentlyUsed(open);
    this.#silent = new RecentlyUsed(silent);
    this.#over = new RecentlyUsed(over);
  }

  /** Connections that have carried bytes. */
  get openedCount(): number {
    return this.#opened;
  }

  push(segment: Segment, time: bigint): void {
    const { source, syn, rst, acknowledged } = segment;
    const connection = this.#find(segment);
    if (connection === undefined) return;
    const from: Sender = source === connection.client ? 'client' : 'server';
    const to: Sender = from === 'client' ? 'server' : 'client';
    // A SYN takes a sequence number of its own, before the first byte.
    const sequenceNumber = syn ? (segment.sequenceNumber + 1) >>> 0 : segment.sequenceNumber;
    if (syn || segment.payload.length > 0 || segment.fin) {
      connection.streams[from] ??= this.#stream(connection, from, sequenceNumber);
      connection.streams[from].push(sequenceNumber, segment.payload, segment.fin, time);
    }
    if (acknowledged !== undefined) connection.streams[to]?.acknowledge(acknowledged);
    const { client, server } = connection.streams;
    if (rst || connection.sink?.isDone || (client?.hasEnded && server?.hasEnded))
      this.#finish(connection, rst ? 'reset' : 'over');
    else this.#keep(connection);
  }

  /** The capture is over. */
  end(): void {
    const rest = [...this.#open.values(), ...this.#silent.values()];
    for (const connection of rest.sort((a, b) => a.serial - b.serial)) this.#finish(connection, 'over');
  }

  /** The connection that a segment belongs to; undefined where it is over, or unknown and nothing of it is carried. */
  #find(segment: Segment): Connection | undefined {
    const { source, destination, syn, acknowledged } = segment;
    const key = source < destination ? `${source} ${destination}` : `${destination} ${source}`;
    const known = this.#open.get(key) ?? this.#silent.get(key);
    const isOpening = syn && acknowledged === undefined;
    const past = known === undefined ? this.#over.get(key) : undefined;
    // A late retransmission.
    if (past !== undefined && !(isOpening && past.synSequenceNumber !== segment.sequenceNumber)) return undefined;
    // Ports are used again: another SYN is another connection.
    const isKnown = known !== undefined && !(isOpening && !isSynOf(known, segment));
    if (isKnown) {
      if (isOpening) known.synSequenceNumber = segment.sequenceNumber;
      return known;
    }
    if (!syn && segment.payload.length === 0) return undefined;
    if (known !== undefined) this.#finish(known, 'over');
    const from: Sender = isOpening ? 'client' : syn ? 'server' : this.#handler.guessSender(segment);
    this.#over.delete(key);
    return {
      key,
      serial: this.#serial++,
      client: from === 'client' ? source : destination,
      server: from === 'client' ? destination : source,
      synSequenceNumber: isOpening ? segment.sequenceNumber : undefined,
      streams: { client: undefined, server: undefined },
      sink: undefined,
      heldLength: 0,
    };
  }

  /** Counts what a connection holds after a packet, and forgets others where it is too much. */
  #keep(connection: Connection): void {
    const { key, sink, streams } = connection;
    const held = (sink?.heldLength ?? 0) + (streams.client?.waitingLength ?? 0) + (streams.server?.waitingLength ?? 0);
    this.#heldLength += held - connection.heldLength;
    connection.heldLength = held;
    if (sink !== undefined) this.#silent.delete(key);
    const evicted = (sink === undefined ? this.#silent : this.#open).set(key, connection);
    if (evicted !== undefined) this.#finish(evicted, 'forgotten');
    if (this.#heldLength > this.#maxHeldBytes) this.#makeRoom(connection);
  }

  /** Forgets those that hold most, but not the present one. Each time it frees an eighth, so that sorting them is worth it. */
  #makeRoom(present: Connection): void {
    const othersLength = () => this.#heldLength - present.heldLength;
    if (othersLength() < this.#maxHeldBytes / 4) return;
    const others = [...this.#open.values(), ...this.#silent.values()].filter((one) => one !== present);
    for (const connection of others.sort((a, b) => b.heldLength - a.heldLength)) {
      if (othersLength() <= this.#maxHeldBytes / 8) return;
      this.#finish(connection, 'forgotten');
    }
  }

  #stream(connection: Connection, from: Sender, sequenceNumber: number): TcpStream {
    return new TcpStream(
      sequenceNumber,
      {
        data: (bytes, time) => this.#sinkOf(connection).data(from, bytes, time),
        gap: (length) => this.#sinkOf(connection).gap(from, length),
      },
      this.counts,
    );
  }

  #sinkOf(connection: Connection): ConnectionSink {
    const { client, server, synSequenceNumber } = connection;
    connection.sink ??= this.#handler.open({
      number: ++this.#opened,
      client,
      server,
      isWhole: synSequenceNumber !== undefined,
    });
    return connection.sink;
  }

  #finish(connection: Connection, how: 'over' | 'reset' | 'forgotten'): void {
    const { key, streams, synSequenceNumber } = connection;
    this.#open.delete(key);
    this.#silent.delete(key);
    this.#heldLength -= connection.heldLength;
    streams.client?.flush();
    streams.server?.flush();
    if (how === 'forgotten') {
      this.forgotten[connection.sink === undefined ? 'silent' : 'open']++;
      connection.sink?.forget();
    } else {
      this.#over.set(key, { synSequenceNumber });
    }
    connection.sink?.end(how === 'reset');
  }
}

/** Whether a SYN is the one that has opened the connection: seen before, or late in the capture. */
function isSynOf({ client, synSequenceNumber, streams }: Connection, segment: Segment): boolean {
  if (synSequenceNumber !== undefined) return synSequenceNumber === segment.sequenceNumber;
  if (segment.source !== client) return false;
  return streams.client === undefined || streams.client.startsAt((segment.sequenceNumber + 1) >>> 0);
}
