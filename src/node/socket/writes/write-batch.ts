// The writes of many sockets, made one behind the other: a message to all subscribers of a topic, a loop of `send`, or the end of a turn.
// A call of the system displaces the memory of the next connection from the processor's caches, so all connections prepare their writes
// first (bench: `topics`, `push`).
//
// A gathered write counts as made. Therefore `makeWrites` comes before anything that could tell the difference: another kind of write,
// the end of a socket, a listener.

import { FrameWriter } from '../../../frames/frame-writer.js';
import { nextTick } from '../machinery.js';
import {
  canWriteDirectly,
  type DirectSocket,
  type DirectWrite,
  type Handle,
  handleOf,
  writeNow,
} from './direct-writes.js';

/** Whose a write is. */
export interface BatchWriter {
  /**
   * The system has not taken all of a segment.
   *
   * @param isShared the segment need not be released
   * @param write the write, which is under way or has failed; undefined if none was made, as the socket is busy
   */
  notTaken(segment: Uint8Array, isShared: boolean, write: DirectWrite | undefined): void;
}

/** Enough for the gain, and few enough for the first of them to leave soon. */
const MOST = 128;

/** Entries serve again. In between they hold nothing, so that no connection stays in memory. */
interface Entry {
  writer: BatchWriter | undefined;
  socket: DirectSocket | undefined;
  handle: Handle | undefined;
  /** The socket's: the program may have written to it since. */
  state: DirectSocket['_writableState'] | undefined;
  segment: Uint8Array | undefined;
  isShared: boolean;
}

const entries: Entry[] = [];
let count = 0;
/** The next write to be made. */
let next = 0;
let depth = 0;
/** A socket of this batch has become busy. It may have another write in the batch. */
let isAnyBusy = false;
/** Short writes are gathered until the end of the tick. */
let isInTick = false;
/** Writes that were gathered since that began. */
let countInTick = 0;
/** In this turn of the event loop a tick had no more than one write: so will the others. */
let isTickTooShort = false;

/** The process exits: no tick and no turn follow. */
let isOver = false;

/** Whether writes are gathered. */
export function gathersWrites(): boolean {
  return depth > 0 && !isOver;
}

/** Gathers short writes until the end of the tick. @returns false if that is not worth it in this turn of the event loop */
export function gathersInTick(): boolean {
  if (isInTick || isTickTooShort || isOver) return isInTick && !isOver;
  isInTick = true;
  countInTick = 0;
  nextTick(endTick);
  return true;
}

function endTick(): void {
  isInTick = false;
  isTickTooShort = countInTick <= 1;
  makeWrites();
}

/** Makes what is gathered, and gathers no more. */
export function endGathering(): void {
  isOver = true;
  makeWrites();
}

/** A turn of the event loop ends. */
export function endTicks(): void {
  isTickTooShort = false;
}

/** Gathers the writes that `work` makes, and makes them when it is done. */
export function inBatch(work: () => void): void {
  depth++;
  try {
    work();
  } finally {
    depth--;
    makeWrites();
  }
}

/** @param socket one that `canWriteDirectly` */
export function addWrite(writer: BatchWriter, socket: DirectSocket, segment: Uint8Array, isShared: boolean): void {
  if (count === entries.length)
    entries.push({ writer, socket, handle: undefined, state: undefined, segment, isShared });
  const entry = entries[count++]!;
  entry.writer = writer;
  entry.socket = socket;
  entry.handle = handleOf(socket);
  entry.state = socket._writableState;
  entry.segment = segment;
  entry.isShared = isShared;
  countInTick++;
  if (count >= MOST) makeWrites();
}

/** Makes all writes that are gathered. Called again by a listener, it makes the rest of them. */
export function makeWrites(): void {
  if (count === 0) return;
  try {
    while (next < count) makeWrite(entries[next++]!);
  } finally {
    // A socket's `write` has thrown: the others are written all the same.
    if (next < count) {
      nextTick(makeWrites);
    } else {
      count = 0;
      next = 0;
      isAnyBusy = false;
    }
  }
}

function makeWrite(entry: Entry): void {
  const { handle, isShared } = entry;
  const isBusy = entry.state!.length > 0 || (isAnyBusy && !canWriteDirectly(entry.socket!));
  const writer = entry.writer!;
  const socket = entry.socket!;
  const segment = entry.segment!;
  entry.writer = undefined;
  entry.socket = undefined;
  entry.handle = undefined;
  entry.state = undefined;
  entry.segment = undefined;
  const written = isBusy ? undefined : writeNow(socket, handle, segment);
  if (written !== true) {
    isAnyBusy = true;
    writer.notTaken(segment, isShared, written);
  } else if (!isShared) {
    FrameWriter.release(segment);
  }
}
