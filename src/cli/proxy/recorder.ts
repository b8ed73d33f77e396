// Writes the relayed bytes to a capture, as tcpdump would have seen them: pcap with nanoseconds, raw IPv4, TCP segments made for
// the purpose. `wsimd inspect` and Wireshark read it. Bytes that came over TLS are recorded decrypted.

import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { isIPv4 } from 'node:net';
import type { Sender } from '../../capture/tcp-connections.js';

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINK_RAW = 101;
const MAX_PACKET = 0x40000;
const FILE_HEADER_LENGTH = 24;
const PACKET_HEADER_LENGTH = 16;
const HEADERS_LENGTH = 40;
/** Bytes of a segment. */
const MAX_SEGMENT = 60_000;
const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10];
/** Bytes that may wait for the disk. */
const MAX_WAITING = 256 * 1024 * 1024;

/** One end of a connection. */
export interface End {
  readonly address: string;
  readonly port: number;
}

export class Recorder {
  readonly #file: WriteStream;
  readonly #onError: (error: Error) => void;
  #hasFailed = false;

  /** @param onError called once: nothing is recorded from then on @throws what the file system says */
  constructor(path: string, onError: (error: Error) => void) {
    this.#onError = onError;
    this.#file = createWriteStream(path, { fd: openSync(path, 'w') });
    this.#file.on('error', (error) => this.#fail(error));
    const header = Buffer.alloc(FILE_HEADER_LENGTH);
    header.writeUInt32LE(MAGIC_NANOSECONDS, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(MAX_PACKET, 16);
    header.writeUInt32LE(LINK_RAW, 20);
    this.#file.write(header);
  }

  /** A connection to record, which opens with the three segments of TCP. */
  open(client: End, server: End, time: number): Recording {
    return new Recording((packet, at) => this.#write(packet, at), client, server, time);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => (this.#file.destroyed ? resolve() : this.#file.end(() => resolve())));
  }

  #write(packet: Buffer, time: number): void {
    if (this.#hasFailed) return;
    const header = Buffer.alloc(PACKET_HEADER_LENGTH);
    header.writeUInt32LE(Math.floor(time / 1e6) >>> 0, 0);
    header.writeUInt32LE((time % 1e6) * 1000, 4);
    header.writeUInt32LE(packet.length, 8);
    header.writeUInt32LE(packet.length, 12);
    this.#file.write(header);
    this.#file.write(packet);
    if (this.#file.writableLength > MAX_WAITING)
      this.#fail(new Error('the disk is too slow for what is to be recorded'));
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#file.destroy();
    this.#onError(error);
  }
}

export class Recording {
  readonly #write: (packet: Buffer, time: number) => void;
  readonly #ends: Record<Sender, End>;
  /** The next sequence number of each end. */
  readonly #next: Record<Sender, number> = { client: 0, server: 0 };

  constructor(write: (packet: Buffer, time: number) => void, client: End, server: End, time: number) {
    this.#write = write;
    this.#ends = { client, server };
    this.#segment('client', SYN, Buffer.alloc(0), time);
    this.#next.client++;
    this.#segment('server', SYN | ACK, Buffer.alloc(0), time);
    this.#next.server++;
    this.#segment('client', ACK, Buffer.alloc(0), time);
  }

  data(from: Sender, bytes: Uint8Array, time: number): void {
    for (let at = 0; at < bytes.length; at += MAX_SEGMENT) {
      const part = bytes.subarray(at, at + MAX_SEGMENT);
      this.#segment(from, ACK, part, time);
      this.#next[from] = (this.#next[from] + part.length) >>> 0;
    }
  }

  /** The end of one direction. */
  end(from: Sender, time: number): void {
    this.#segment(from, FIN | ACK, Buffer.alloc(0), time);
    this.#next[from] = (this.#next[from] + 1) >>> 0;
  }

  reset(from: Sender, time: number): void {
    this.#segment(from, RST | ACK, Buffer.alloc(0), time);
  }

  #segment(from: Sender, flags: number, payload: Uint8Array, time: number): void {
    const to: Sender = from === 'client' ? 'server' : 'client';
    const packet = Buffer.alloc(HEADERS_LENGTH + payload.length);
    packet[0] = 0x45;
    packet.writeUInt16BE(packet.length, 2);
    packet[8] = 64;
    packet[9] = 6;
    packet.set(addressOf(this.#ends[from], from), 12);
    packet.set(addressOf(this.#ends[to], to), 16);
    packet.writeUInt16BE(this.#ends[from].port, 20);
    packet.writeUInt16BE(this.#ends[to].port, 22);
    packet.writeUInt32BE(this.#next[from], 24);
    if ((flags & ACK) !== 0) packet.writeUInt32BE(this.#next[to], 28);
    packet[32] = 5 << 4;
    packet[33] = flags;
    packet.writeUInt16BE(0xffff, 34);
    packet.set(payload, HEADERS_LENGTH);
    this.#write(packet, time);
  }
}

/** An address of IPv6 is written as one of TEST-NET-1 or TEST-NET-2 (RFC 5737): what matters in the file are the bytes. */
function addressOf({ address }: End, from: Sender): number[] {
  const mapped = address.replace(/^::ffff:/i, '');
  const text = isIPv4(mapped) ? mapped : from === 'client' ? '192.0.2.1' : '198.51.100.1';
  return text.split('.').map(Number);
}
