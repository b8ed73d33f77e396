// How the others decode, as subjects. It must not know how things are timed.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import type { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';
import { type DecodeJob, makeDecodeSubject } from '../wsimd/decode.js';
import { createDriver, createReceiver } from './peers.js';
import { type Ws, ws, wsBare } from './ws-copies.js';

/** @param makesStrings its user wants the text of a text; else a Buffer will do */
export function wsSubject(job: DecodeJob<Buffer>, makesStrings: boolean): Subject {
  return receiverSubject('ws', ws, job, makesStrings);
}

/** ws without its optional addons. */
export function wsBareSubject(job: DecodeJob<Buffer>, makesStrings: boolean): Subject {
  return receiverSubject('ws bare', wsBare, job, makesStrings);
}

function receiverSubject(name: string, copy: Ws, job: DecodeJob<Buffer>, makesStrings: boolean): Subject {
  let total = 0;
  const receiver = createReceiver(copy, job.role, (data, isBinary) => {
    total += isBinary || !makesStrings ? data.length : data.toString().length;
  });
  const run = (chunks: readonly Buffer[]) => {
    total = 0;
    for (const chunk of chunks) receiver.write(chunk);
    return total;
  };
  return makeDecodeSubject(name, job, run, (chunks, digest) => {
    const collecting = createReceiver(copy, job.role, (data, isBinary) => {
      digest.add(isBinary ? data : data.toString()).end(isBinary ? OPCODE_BINARY : OPCODE_TEXT);
    });
    for (const chunk of chunks) collecting.write(chunk);
  });
}

/** websocket-driver, which always makes strings of texts; as a server only, for it takes a handshake to open. */
export function driverSubject(job: DecodeJob<Buffer>): Subject {
  let total = 0;
  const driver = createDriver((data) => {
    total += data.length;
  });
  const run = (chunks: readonly Buffer[]) => {
    total = 0;
    for (const chunk of chunks) driver.io.write(chunk);
    return total;
  };
  return makeDecodeSubject('websocket-driver', job, run, (chunks: readonly Buffer[], digest: Digest) => {
    const collecting = createDriver((data) => {
      digest.add(data).end(typeof data === 'string' ? OPCODE_TEXT : OPCODE_BINARY);
    });
    for (const chunk of chunks) collecting.io.write(chunk);
  });
}
