// The segments of a capture → connections, each with two streams of bytes. Which end is the client says the SYN; where the
// capture begins later, whoever takes the bytes. It knows TCP and nothing above it.

import type { Segment } from './packets.js';
import { type StreamCounts, TcpStream } from './tcp-stream.js';

export type Sender = 'client' | 'server';

/** A connection that has begun to carry bytes. */
export interface ConnectionInfo {
  /** Counted from 1. */
  readonly number: number;
  /** `address:port`. */
  readonly client: string;
  readonly server: string;
  /** Its SYN was captured; if not, who is the client is a guess, and bytes may have gone before. */
  readonly isWhole: boolean;
}

/** Takes the bytes of a connection. */
export interface ConnectionSink {
  data(from: Sender, bytes: Uint8Array, time: bigint): void;
  gap(from: Sender, length: number): void;
  /** Both directions are over, or the capture is. @param isReset by a RST */
  end(isReset: boolean): void;
}

/** What is asked of whoever takes the bytes. */
export interface ConnectionHandler {
  open(info: ConnectionInfo): ConnectionSink;
  /** Who sent a segment whose connection's beginning was not captured. */
  guessSender(segment: Segment): Sender;
}

interface Connection {
  /** The end that sent the SYN; where it was not captured, the one that was taken for it. */
  readonly client: string;
  readonly server: string;
  synSequenceNumber: number | undefined;
  readonly streams: Record<Sender, TcpStream | undefined>;
  /** From the first byte on. */
  sink: ConnectionSink | undefined;
  isOver: boolean;
}

export class TcpConnections {
  readonly counts: StreamCounts = { retransmitted: 0, outOfOrder: 0, outOfWindow: 0 };
  readonly #handler: ConnectionHandler;
  readonly #connections = new Map<string, Connection>();
  #opened = 0;

  constructor(handler: ConnectionHandler) {
    this.#handler = handler;
  }

  /** Connections that have carried bytes. */
  get openedCount(): number {
    return this.#opened;
  }

  push(segment: Segment, time: bigint): void {
    const { source, syn, rst, acknowledged } = segment;
    const connection = this.#find(segment);
    if (connection === undefined || connection.isOver) return;
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
    if (rst || (client?.hasEnded && server?.hasEnded)) this.#finish(connection, rst);
  }

  /** The capture is over. */
  end(): void {
    for (const connection of this.#connections.values()) this.#finish(connection, false);
  }

  /** The connection that a segment belongs to; undefined where it carries nothing of one that is unknown. */
  #find(segment: Segment): Connection | undefined {
    const { source, destination, syn, acknowledged } = segment;
    const key = source < destination ? `${source} ${destination}` : `${destination} ${source}`;
    const known = this.#connections.get(key);
    const isOpening = syn && acknowledged === undefined;
    // Ports are used again: another SYN is another connection.
    const isKnown = known !== undefined && !(isOpening && !isSynOf(known, segment));
    if (isKnown) {
      if (isOpening) known.synSequenceNumber = segment.sequenceNumber;
      return known;
    }
    if (!syn && segment.payload.length === 0) return undefined;
    if (known !== undefined) this.#finish(known, false);
    const from: Sender = isOpening ? 'client' : syn ? 'server' : this.#handler.guessSender(segment);
    const connection: Connection = {
      client: from === 'client' ? source : destination,
      server: from === 'client' ? destination : source,
      synSequenceNumber: isOpening ? segment.sequenceNumber : undefined,
      streams: { client: undefined, server: undefined },
      sink: undefined,
      isOver: false,
    };
    this.#connections.set(key, connection);
    return connection;
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

  #finish(connection: Connection, isReset: boolean): void {
    if (connection.isOver) return;
    connection.isOver = true;
    connection.streams.client?.flush();
    connection.streams.server?.flush();
    connection.sink?.end(isReset);
    // Late retransmissions must still find that it is over, and nothing else of it.
    connection.sink = connection.streams.client = connection.streams.server = undefined;
  }
}

/** Whether a SYN is the one that has opened the connection: seen before, or late in the capture. */
function isSynOf({ client, synSequenceNumber, streams, isOver }: Connection, segment: Segment): boolean {
  if (synSequenceNumber !== undefined) return synSequenceNumber === segment.sequenceNumber;
  if (isOver || segment.source !== client) return false;
  return streams.client === undefined || streams.client.startsAt((segment.sequenceNumber + 1) >>> 0);
}
