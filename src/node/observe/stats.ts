// What is counted of connections, and what `stats()` of a WebSocket says. Names are those of WebRTC's statistics where it has one.

import type { CompressionCounts } from '../../messages/compression.js';

/** What went through a connection, or through all of a server, from the start. */
export interface Traffic {
  /** Bytes of frames that were read. */
  readonly bytesReceived: number;
  /** Bytes of frames that were handed to the socket. */
  readonly bytesSent: number;
  /** Messages that were delivered. */
  readonly messagesReceived: number;
  /** Messages that were sent, pending ones included. */
  readonly messagesSent: number;
  /** Messages beyond `maxBackpressure` that were not sent (`backpressurePolicy: 'drop'`). */
  readonly messagesDropped: number;
  /** How far messages were compressed. */
  readonly compression: CompressionStats;
}

/** Compression in both directions. */
export interface CompressionStats {
  /** Messages that were inflated. */
  readonly received: DirectionStats;
  /** Messages that were deflated. */
  readonly sent: DirectionStats;
}

/** Compression in one direction. */
export interface DirectionStats {
  /** Messages that were compressed. */
  readonly messages: number;
  /** Their bytes before compression. */
  readonly plainBytes: number;
  /** Their bytes as they were sent. */
  readonly compressedBytes: number;
  /** How many times shorter they became: 1 if none was compressed. */
  readonly ratio: number;
}

/** What `stats()` of a WebSocket returns. */
export interface SocketStats extends Traffic {
  /** Bytes that the system has not taken yet. Reading it here does not promise a `drain` event, as `bufferedAmount` does. */
  readonly buffered: number;
  /** Bytes allocated for incomplete messages and undelivered ones. */
  readonly held: number;
  /** Milliseconds from the last ping that was answered to its pong; undefined before the first. */
  readonly roundTripTime: number | undefined;
  /** Whether the socket is read straight into the memory of the kernel. */
  readonly readsDirectly: boolean;
}

/** Sums, as they are counted. */
export interface Tally {
  bytesReceived: number;
  bytesSent: number;
  messagesReceived: number;
  messagesSent: number;
  messagesDropped: number;
  readonly counts: { -readonly [Name in keyof CompressionCounts]: number };
}

export function emptyTally(): Tally {
  const counts = { inflated: 0, inflateInput: 0, inflateOutput: 0, deflated: 0, deflateInput: 0, deflateOutput: 0 };
  return { bytesReceived: 0, bytesSent: 0, messagesReceived: 0, messagesSent: 0, messagesDropped: 0, counts };
}

/** What an observer has counted. */
interface Counted extends Omit<Tally, 'counts'> {
  readonly compression: { readonly counts?: CompressionCounts } | undefined;
}

export function addTo(tally: Tally, counted: Counted): void {
  tally.bytesReceived += counted.bytesReceived;
  tally.bytesSent += counted.bytesSent;
  tally.messagesReceived += counted.messagesReceived;
  tally.messagesSent += counted.messagesSent;
  tally.messagesDropped += counted.messagesDropped;
  const counts = counted.compression?.counts;
  if (counts === undefined) return;
  for (const name of Object.keys(counts) as (keyof CompressionCounts)[]) tally.counts[name] += counts[name];
}

export function toTraffic({ counts, ...traffic }: Tally): Traffic {
  return {
    ...traffic,
    compression: {
      received: direction(counts.inflated, counts.inflateOutput, counts.inflateInput),
      sent: direction(counts.deflated, counts.deflateInput, counts.deflateOutput),
    },
  };
}

function direction(messages: number, plainBytes: number, compressedBytes: number): DirectionStats {
  return { messages, plainBytes, compressedBytes, ratio: compressedBytes === 0 ? 1 : plainBytes / compressedBytes };
}

/** A connection, as statistics see it. */
export interface Measured {
  readonly observer: Counted & { readonly roundTripTime: number | undefined };
  readonly buffered: number;
  readonly held: number;
  readonly readsDirectly: boolean;
}

/** @param link undefined while there is no connection */
export function socketStats(link: Measured | undefined): SocketStats {
  const tally = emptyTally();
  if (link !== undefined) addTo(tally, link.observer);
  return {
    ...toTraffic(tally),
    buffered: link?.buffered ?? 0,
    held: link?.held ?? 0,
    roundTripTime: link?.observer.roundTripTime,
    readsDirectly: link?.readsDirectly ?? false,
  };
}
