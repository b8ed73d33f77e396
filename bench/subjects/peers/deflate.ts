// How the others compress, as subjects. It must not know how things are timed.

import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import { deflateSync, inflateSync } from 'fflate';
import type { PerMessageDeflate } from 'ws';
import { compressAll, type DeflateJob, Referee, TRAILER, WINDOW_BITS } from '../../cases/deflate/work.js';
import { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';
import { ws } from './ws-copies.js';

export const IN_FLIGHT = 100;
const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };
/** An empty last block: fflate wants an end. */
const LAST_BLOCK = Buffer.of(0x01, 0x00, 0x00, 0xff, 0xff);

/**
 * In one call, deflating at its fastest level. Earlier messages are given as a dictionary, which is how Node's public
 * interface can have takeover without waiting.
 */
export function zlibSubject(job: DeflateJob, direction: 'inflate' | 'deflate'): Subject {
  const optionsFor = makeOptions(job);
  return direction === 'inflate'
    ? inflatingSubject('node:zlib', job, TRAILER, (payload, at) => inflateRawSync(payload, optionsFor(at)))
    : deflatingSubject('node:zlib', job, (message, at) =>
        deflateRawSync(message, optionsFor(at)).subarray(0, -TRAILER.length),
      );
}

/** @returns what zlib is given with the message that is the n-th of all batches */
function makeOptions(job: DeflateJob): (at: number) => ZlibOptions {
  const dictionaries = makeDictionaries(job);
  return (at) => {
    const dictionary = dictionaries[at];
    return { ...SYNC, level: 1, windowBits: WINDOW_BITS, ...(dictionary === undefined ? {} : { dictionary }) };
  };
}

/** For each message of all batches what came before it; none without takeover. */
function makeDictionaries({ batches, isTakeover }: DeflateJob): (Buffer | undefined)[] {
  if (!isTakeover) return [];
  const all = Buffer.concat(batches.flat());
  let end = 0;
  return batches.flat().map((message) => {
    const dictionary = end === 0 ? undefined : all.subarray(Math.max(0, end - 2 ** WINDOW_BITS), end);
    end += message.length;
    return dictionary;
  });
}

/** In one call too. */
export function fflateSubject(job: DeflateJob, direction: 'inflate' | 'deflate'): Subject {
  return direction === 'inflate'
    ? inflatingSubject('fflate', job, Buffer.concat([TRAILER, LAST_BLOCK]), (payload) => inflateSync(payload))
    : // Its last block is one that says so; what follows may be an empty one (RFC 7692 section 7.2.3.5).
      deflatingSubject('fflate', job, (message) => deflateSync(message));
}

/** @param end what it needs behind each payload, as real users have it there */
function inflatingSubject(
  name: string,
  job: DeflateJob,
  end: Buffer,
  inflate: (payload: Buffer, at: number) => Uint8Array,
): Subject {
  const batches = compressAll(job, 1).map((batch) => batch.map((payload) => Buffer.concat([payload, end])));
  let next = 0;
  const run = () => {
    let total = 0;
    const turn = next++ % batches.length;
    const batch = batches[turn]!;
    for (let i = 0; i < batch.length; i++) total += inflate(batch[i]!, turn * batch.length + i).length;
    return total;
  };
  const output = () => {
    const digest = new Digest();
    for (const [at, payload] of batches.flat().entries()) digest.add(inflate(payload, at)).end();
    return digest.toString();
  };
  return { name, run, output };
}

function deflatingSubject(
  name: string,
  job: DeflateJob,
  deflate: (message: Buffer, at: number) => Uint8Array,
): Subject {
  const { batches, bytes } = job;
  let next = 0;
  const run = () => {
    const turn = next++ % batches.length;
    const batch = batches[turn]!;
    for (let i = 0; i < batch.length; i++) deflate(batch[i]!, turn * batch.length + i);
    return bytes;
  };
  const output = () => {
    const referee = new Referee(job);
    for (const [at, message] of batches.flat().entries()) referee.add(0, message, deflate(message, at));
    return referee.toString();
  };
  return { name, run, output };
}

/** The extension of ws with its defaults, as its server makes it. */
function openWs(isTakeover: boolean): PerMessageDeflate {
  const deflate = new ws.PerMessageDeflate({ isServer: true });
  const names = isTakeover ? [] : ['client_no_context_takeover', 'server_no_context_takeover'];
  deflate.accept([Object.fromEntries(names.map((name) => [name, [true] as const]))]);
  return deflate;
}

const METHODS = { inflate: 'decompress', deflate: 'compress' } as const;

function work(extension: PerMessageDeflate, direction: 'inflate' | 'deflate', data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    extension[METHODS[direction]](data, true, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

/** One connection, a message after the other; or many, each with its messages, all of them asked for at once. */
export function wsSubject(job: DeflateJob, direction: 'inflate' | 'deflate', isInFlight: boolean): Subject {
  const { isTakeover, batches, bytes } = job;
  const count = isInFlight ? Math.min(IN_FLIGHT, batches[0]!.length) : 1;
  const inputs: readonly (readonly Buffer[])[] = direction === 'inflate' ? compressAll(job, count) : batches;
  const open = () => Array.from({ length: count }, () => openWs(isTakeover));
  const connections = open();
  const workAll = async (extensions: readonly PerMessageDeflate[], batch: readonly Buffer[]): Promise<Buffer[]> => {
    const results: Buffer[] = [];
    const serve = async (extension: PerMessageDeflate, first: number) => {
      for (let i = first; i < batch.length; i += count) results[i] = await work(extension, direction, batch[i]!);
    };
    await Promise.all(extensions.map(serve));
    return results;
  };
  let next = 0;
  const run = async () => {
    const results = await workAll(connections, inputs[next++ % inputs.length]!);
    return direction === 'deflate' ? bytes : results.reduce((sum, { length }) => sum + length, 0);
  };
  const output = async () => {
    const fresh = open();
    const digest = new Digest();
    const referee = new Referee(job);
    for (const [at, batch] of inputs.entries()) {
      const results = await workAll(fresh, batch);
      for (const [i, result] of results.entries()) {
        if (direction === 'inflate') digest.add(result).end();
        else referee.add(i % count, batches[at]![i]!, result);
      }
    }
    for (const extension of fresh) extension.cleanup();
    return String(direction === 'inflate' ? digest : referee);
  };
  const dispose = () => {
    for (const extension of connections) extension.cleanup();
  };
  return { name: isInFlight ? 'ws in flight' : 'ws awaited', run, output, dispose };
}
