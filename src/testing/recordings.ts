// Captures → recordings: for each connection what its two ends sent, and when.

import { joinBytes } from '../bytes/copy.js';
import { ByteReader } from '../capture/byte-reader.js';
import { readCapture } from '../capture/capture-file.js';
import { guessSender } from '../capture/looks-like-frame.js';
import { readSegment } from '../capture/packets.js';
import { type Sender, TcpConnections } from '../capture/tcp-connections.js';

/** Bytes that one end of a recorded connection sent. */
export interface RecordedBytes {
  /** The end that sent them. */
  readonly from: 'client' | 'server';
  /** The bytes of one segment, or of one read of the proxy that recorded them. */
  readonly bytes: Uint8Array;
  /** Milliseconds since the first bytes of the connection. */
  readonly time: number;
}

/** One connection of a capture: its opening handshake, and then frames. */
export interface Recording {
  /** Address and port of the client. */
  readonly client: string;
  /** Address and port of the server. */
  readonly server: string;
  /** False if the beginning of the connection was not captured, or bytes are missing: it cannot be replayed. */
  readonly isWhole: boolean;
  /** What both ends sent, in order. */
  readonly entries: readonly RecordedBytes[];
}

/**
 * Reads the connections of a capture: a file that `wsimd proxy --record`, tcpdump or Wireshark has written (pcap or pcapng). `wsimd
 * inspect` shows such files. Bytes that went over TLS are readable in those of `wsimd proxy` only.
 *
 * ```ts
 * const [recording] = await readRecordings(await readFile('bug.pcap'));
 * ```
 *
 * @param capture the bytes of the file, or a stream of them
 * @returns all connections that carried bytes, in the order of their first ones
 * @throws Error for bytes that are no capture, or a damaged one
 */
export async function readRecordings(capture: Uint8Array | AsyncIterable<Uint8Array>): Promise<Recording[]> {
  const recordings: GrowingRecording[] = [];
  const connections = new TcpConnections({
    open: ({ client, server, isWhole }) => {
      const recording = new GrowingRecording(client, server, isWhole);
      recordings.push(recording);
      return recording;
    },
    guessSender: ({ payload, sourcePort, destinationPort }) => guessSender(payload, sourcePort, destinationPort),
  });
  const chunks = capture instanceof Uint8Array ? once(capture) : capture;
  for await (const { linkType, bytes, time } of readCapture(new ByteReader(chunks))) {
    const segment = readSegment(linkType, bytes);
    if (typeof segment !== 'string') connections.push(segment, time);
  }
  connections.end();
  return recordings.map(({ client, server, isWhole, entries }) => ({ client, server, isWhole, entries }));
}

/** All bytes that one end of a recorded connection sent, its head of the opening handshake first. */
export function recordedBytes(recording: Recording, from: 'client' | 'server'): Uint8Array {
  return joinBytes(recording.entries.filter((entry) => entry.from === from).map(({ bytes }) => bytes));
}

class GrowingRecording {
  readonly heldLength = 0;
  readonly isDone = false;
  readonly client: string;
  readonly server: string;
  readonly entries: RecordedBytes[] = [];
  isWhole: boolean;
  #start: bigint | undefined;

  constructor(client: string, server: string, isWhole: boolean) {
    this.client = client;
    this.server = server;
    this.isWhole = isWhole;
  }

  data(from: Sender, bytes: Uint8Array, time: bigint): void {
    this.#start ??= time;
    this.entries.push({ from, bytes: bytes.slice(), time: Math.max(0, Number(time - this.#start) / 1e6) });
  }

  gap(): void {
    this.isWhole = false;
  }

  forget(): void {
    this.isWhole = false;
  }

  end(): void {}
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
