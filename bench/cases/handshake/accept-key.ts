// The answer to a Sec-WebSocket-Key. It must not know how things are timed.

import * as crypto from 'node:crypto';
import { acceptKey } from '../../../src/handshake/accept-key.js';
import { Digest } from '../../core/digest.js';
import type { Group, Subject } from '../../core/harness.js';
import { Random } from '../../core/inputs.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** The example of RFC 6455 section 1.3. */
const KNOWN_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const KNOWN_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const KEYS = 256;

function acceptWithHash(key: string): string {
  return crypto
    .createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** The newer function in one call, where this Node has it. */
function acceptAtOnce(key: string): string {
  return crypto.hash('sha1', key + GUID, 'base64');
}

function makeSubject(name: string, keys: readonly string[], accept: (key: string) => string): Subject {
  const run = () => {
    let length = 0;
    for (const key of keys) length += accept(key).length;
    return length;
  };
  const output = () => {
    const digest = new Digest();
    for (const key of keys) digest.add(accept(key)).end();
    return accept(KNOWN_KEY) === KNOWN_ACCEPT ? digest.toString() : 'the wrong answer to the example of RFC 6455';
  };
  return { name, run, output };
}

export const acceptKeyGroup: Group = {
  id: 'accept-key',
  title: 'Sec-WebSocket-Accept',
  notes: ['createHash and hash: of node:crypto; ws uses the first.'],
  pairs: [
    ['acceptKey', 'createHash'],
    ['acceptKey', 'hash'],
  ],
  cases: [
    {
      label: '24',
      make() {
        const random = new Random(3);
        const keys = Array.from({ length: KEYS }, () => Buffer.from(random.bytes(16)).toString('base64'));
        const expected = new Digest();
        for (const key of keys) expected.add(acceptWithHash(key)).end();
        const subjects = [makeSubject('acceptKey', keys, acceptKey), makeSubject('createHash', keys, acceptWithHash)];
        if ('hash' in crypto) subjects.push(makeSubject('hash', keys, acceptAtOnce));
        return { operations: KEYS, bytes: KEYS * KNOWN_KEY.length, expected: expected.toString(), subjects };
      },
    },
  ],
};
