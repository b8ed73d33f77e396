// tcpdump on loopback, started and ended, and its pcap files rewritten: packets in another order, twice, not at all.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Whether it is there, and we may capture. */
export const canCapture = spawnSync('tcpdump', ['-i', 'lo', '-d'], { stdio: 'ignore' }).status === 0;

export interface Capturing {
  /** Ends it, once these bytes are in the file and nothing more is written: what was sent before them then is there, too. */
  stop(last: string): Promise<void>;
}

/** Captures what goes to and from a port of loopback into a file. It has begun when this returns. */
export async function startCapturing(file: string, port: number, ...options: readonly string[]): Promise<Capturing> {
  const tcpdump = spawn('tcpdump', [
    ...['-U', '--immediate-mode', '-B', '65536', '-s', '70000', ...options],
    ...['-w', file, `port ${port}`],
  ]);
  const closed = once(tcpdump, 'close');
  let said = '';
  for await (const text of tcpdump.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += String(text);
    if (said.includes('listening on')) break;
  }
  if (!said.includes('listening on')) throw new Error(`tcpdump: ${said}`);
  return {
    async stop(last) {
      let content = readFileSync(file);
      for (let length = -1; tcpdump.exitCode === null && !(content.length === length && content.includes(last)); ) {
        length = content.length;
        await new Promise((resolve) => setTimeout(resolve, 100));
        content = readFileSync(file);
      }
      tcpdump.kill('SIGINT');
      await closed;
    },
  };
}

/** A pcap file of this machine's byte order, taken apart. */
export interface PcapFile {
  readonly header: Buffer;
  readonly packets: readonly PcapPacket[];
}

export interface PcapPacket {
  /** Seconds and the fraction. */
  readonly time: Buffer;
  readonly bytes: Buffer;
}

const FILE_HEADER_LENGTH = 24;
const PACKET_HEADER_LENGTH = 16;

export function readPcap(file: Buffer): PcapFile {
  const packets: PcapPacket[] = [];
  for (let at = FILE_HEADER_LENGTH; at < file.length; ) {
    const start = at + PACKET_HEADER_LENGTH;
    const end = start + file.readUInt32LE(at + 8);
    packets.push({ time: file.subarray(at, at + 8), bytes: file.subarray(start, end) });
    at = end;
  }
  return { header: file.subarray(0, FILE_HEADER_LENGTH), packets };
}

export function writePcap({ header, packets }: PcapFile): Buffer {
  return Buffer.concat([
    header,
    ...packets.flatMap(({ time, bytes }) => {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(bytes.length, 0);
      lengths.writeUInt32LE(bytes.length, 4);
      return [time, lengths, bytes];
    }),
  ]);
}
