// How ws decodes, as a subject. It must not know how things are timed.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import type { Subject } from '../../core/harness.js';
import { type DecodeJob, makeDecodeSubject } from '../wsimd/decode.js';
import { createReceiver } from './peers.js';

/** @param makesStrings its user wants the text of a text; else a Buffer will do */
export function wsSubject(job: DecodeJob<Buffer>, makesStrings: boolean): Subject {
  let total = 0;
  const receiver = createReceiver(job.role, (data, isBinary) => {
    total += isBinary || !makesStrings ? data.length : data.toString().length;
  });
  const run = (chunks: readonly Buffer[]) => {
    total = 0;
    for (const chunk of chunks) receiver.write(chunk);
    return total;
  };
  return makeDecodeSubject('ws', job, run, (chunks, digest) => {
    const collecting = createReceiver(job.role, (data, isBinary) => {
      digest.add(isBinary ? data : data.toString()).end(isBinary ? OPCODE_BINARY : OPCODE_TEXT);
    });
    for (const chunk of chunks) collecting.write(chunk);
  });
}
