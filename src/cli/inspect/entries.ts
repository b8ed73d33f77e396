// What the inspector tells, as objects: heads, frames, messages, broken rules, remarks. Types only; how they are printed is
// for text-lines.ts and json-lines.ts.

import type { ConnectionInfo, Sender } from '../../capture/tcp-connections.js';
import type { HeaderList } from '../../handshake/headers.js';
import type { ErrorCode } from '../../index.js';
import type { Inflated } from './conversation/inflater.js';

/** Where something was found. Offsets count the bytes of one direction, from the first one that it is known to have sent. */
export interface Place {
  /** Undefined where the input is bytes of one direction, and no capture. */
  readonly connection: number | undefined;
  readonly from: Sender;
  /** Nanoseconds since 1970, of the packet that completed it; undefined where the input tells no times. */
  readonly time: bigint | undefined;
}

/** A connection of a capture; entries of it follow. */
export interface ConnectionEntry {
  readonly type: 'connection';
  readonly info: ConnectionInfo;
  readonly time: bigint | undefined;
}

/** The head of a request or of a response. */
export interface HeadEntry extends Place {
  readonly type: 'request' | 'response';
  readonly offset: number;
  readonly startLine: string;
  readonly headers: HeaderList;
}

export interface FrameEntry extends Place {
  readonly type: 'frame';
  readonly offset: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  readonly opcode: number;
  /** Four bytes; undefined of a frame that is not masked. */
  readonly maskingKey: Uint8Array | undefined;
  /** Undefined where the header was cut off before it. */
  readonly payloadLength: number | bigint | undefined;
  /** Of a continuation: the opcode of its message; undefined where that is not known. */
  readonly messageOpcode: number | undefined;
  /** The frame is part of a message that is compressed. */
  readonly isCompressed: boolean;
  /** The payload's beginning, unmasked. */
  readonly payload: Uint8Array;
  /** Of a frame that is a whole compressed message: what that held; undefined where it is not known. */
  readonly inflated: Inflated | undefined;
  /** The bytes end inside this frame. */
  readonly isCut: boolean;
  /** This frame breaks a rule: a violation follows. */
  readonly isRefused: boolean;
}

/** A data message that has come whole. */
export interface MessageEntry extends Place {
  readonly type: 'message';
  /** Of its first frame. */
  readonly offset: number;
  readonly opcode: number;
  readonly frames: number;
  /** As sent: where it is compressed, before inflating. */
  readonly payloadLength: number;
  readonly isCompressed: boolean;
  /** As sent, unmasked; its beginning only where it is long. */
  readonly payload: Uint8Array;
  /** Of a compressed message: what it held; undefined where that is not known. */
  readonly inflated: Inflated | undefined;
}

/** A rule of the RFC is broken; nothing after it is read in this direction. */
export interface ViolationEntry extends Place {
  readonly type: 'violation';
  readonly code: ErrorCode;
  readonly message: string;
  /** The byte at fault; of a head, its first one. */
  readonly offset: number;
  /** What a peer fails the connection with; undefined of a handshake. */
  readonly closeCode: number | undefined;
}

/** Something to know that breaks no rule. */
export interface NoteEntry extends Place {
  readonly type: 'note';
  readonly text: string;
}

export type Entry = ConnectionEntry | HeadEntry | FrameEntry | MessageEntry | ViolationEntry | NoteEntry;

/** Leaves out the properties that are added to every entry of a direction. */
type WithoutPlace<T> = T extends Place ? Omit<T, 'connection' | 'from' | 'time'> : never;

/** An entry of one direction, its place still to be added. */
export type PlacedEntry = WithoutPlace<Entry>;
