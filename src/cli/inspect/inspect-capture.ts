// A capture, from packets to entries: each connection that carries bytes is a conversation.

import type { ByteReader } from '../../capture/byte-reader.js';
import { readCapture } from '../../capture/capture-file.js';
import { CaptureError } from '../../capture/capture-packet.js';
import { guessSender } from '../../capture/looks-like-frame.js';
import { type NoSegment, readSegment } from '../../capture/packets.js';
import { TcpConnections } from '../../capture/tcp-connections.js';
import { count } from '../../page/frames/words.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { Conversation } from './conversation/conversation.js';
import type { KnownExtensions } from './conversation/extensions.js';
import type { Entry } from './entries.js';

export interface CaptureOptions {
  /** What is known of the agreement on extensions where no response tells. */
  readonly extensions?: KnownExtensions | undefined;
  /** Bytes of each message to hand out. */
  readonly maxPayload: number;
  readonly emit: (entry: Entry) => void;
  /** Called after each packet that had something to tell. */
  readonly flush: () => Promise<void>;
}

/** What is to be said of the capture as a whole. */
export interface CaptureReport {
  /** Why reading has ended before its end. */
  readonly damage: string | undefined;
  readonly notes: readonly string[];
  /** No connection carries a byte. */
  readonly isEmpty: boolean;
}

const UNREAD: Readonly<Record<Exclude<NoSegment, 'other'>, string>> = {
  fragment: 'fragments of IP, which are not joined',
  link: 'packets of a link layer that is not known here',
  short: 'packets that are cut too short to read',
};

export async function inspectCapture(reader: ByteReader, options: CaptureOptions): Promise<CaptureReport> {
  const { extensions, maxPayload, emit, flush } = options;
  const unread: Record<NoSegment, number> = { other: 0, fragment: 0, link: 0, short: 0 };
  let time = 0n;
  let packets = 0;
  let entries = 0;
  const tell = (entry: Entry) => {
    entries++;
    emit(entry);
  };
  const connections = new TcpConnections({
    open: (info) => {
      tell({ type: 'connection', info, time });
      return new Conversation({
        connection: info.number,
        isWhole: info.isWhole,
        isAligned: false,
        extensions,
        maxPayload,
        emit: tell,
      });
    },
    guessSender: ({ payload, sourcePort, destinationPort }) => guessSender(payload, sourcePort, destinationPort),
  });
  let damage: string | undefined;
  try {
    for await (const packet of readCapture(reader)) {
      packets++;
      time = packet.time;
      const segment = readSegment(packet.linkType, packet.bytes);
      if (typeof segment === 'string') unread[segment]++;
      else connections.push(segment, packet.time);
      if (entries === 0) continue;
      entries = 0;
      await flush();
    }
  } catch (error) {
    rethrowUnless(error, CaptureError);
    damage = error.message;
  }
  connections.end();

  const notes = (Object.keys(UNREAD) as (keyof typeof UNREAD)[]).flatMap((reason) =>
    unread[reason] === 0 ? [] : [`${count(unread[reason], 'packet')} not read: ${UNREAD[reason]}`],
  );
  const { open, silent } = connections.forgotten;
  if (open > 0) notes.push(`${count(open, 'connection')} given up before the end, to bound memory: see the output`);
  if (silent > 0) notes.push(`${count(silent, 'connection')} without any bytes forgotten, to bound memory`);
  const isEmpty = connections.openedCount === 0;
  if (isEmpty) notes.push(`no bytes of a TCP connection in ${count(packets, 'packet')}`);
  return { damage, notes, isEmpty };
}
