// Seven kinds of messages, as compression sees them, of any length and the same in every run. Knows nothing of DEFLATE.

import { readFileSync } from 'node:fs';
import { createRandom } from './random.js';

export type CorpusName = 'json' | 'chat' | 'cjk' | 'source' | 'random' | 'runs' | 'binary';

export const CORPORA: readonly CorpusName[] = ['json', 'chat', 'cjk', 'source', 'random', 'runs', 'binary'];
/** Those that are valid UTF-8, wherever they end. */
export const TEXT_CORPORA: readonly CorpusName[] = ['json', 'chat', 'cjk', 'source'];

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'mallory', 'olivia'];
const WORDS = (
  'the quick brown fox jumps over a lazy dog market price volume update order filled pending server message client ' +
  'socket stream data value time user channel reply thread image link what is there to see here tomorrow naïve café 👍'
).split(' ');
const CJK =
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如';
/** Of ours, as it was once: what is measured must not change when the code does. */
const SOURCE = readFileSync(new URL('fixtures/source.txt', import.meta.url), 'utf8');

/** A message of exactly so many bytes; a text ends at the border of a character, filled up with spaces. */
export function messageOf(corpus: CorpusName, length: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  switch (corpus) {
    case 'random':
      return Uint8Array.from({ length }, () => random() >>> 24);
    case 'runs':
      return runs(length, random);
    case 'binary':
      return records(length, random);
    default:
      return textOf(corpus, length, random);
  }
}

function textOf(corpus: CorpusName, length: number, random: () => number): Uint8Array {
  const pick = <T>(from: ArrayLike<T>): T => from[random() % from.length]!;
  const sentence = (most: number) => Array.from({ length: 1 + (random() % most) }, () => pick(WORDS)).join(' ');
  let text = corpus === 'source' ? SOURCE.slice(random() % (SOURCE.length >> 1)) : '';
  while (text.length < length) {
    if (corpus === 'json') {
      const record = { id: random(), user: pick(NAMES), price: (random() % 1e5) / 100, at: 17e8 + (random() % 1e6) };
      text += `${JSON.stringify({ ...record, text: sentence(6), ok: random() % 2 === 0 })},`;
    } else if (corpus === 'chat') {
      text += `${pick(NAMES)}: ${sentence(14)}\n`;
    } else if (corpus === 'cjk') {
      text += Array.from({ length: 1 + (random() % 20) }, () => pick(CJK)).join('') + pick(['，', '。', '\n']);
    } else {
      text += SOURCE;
    }
  }
  const bytes = new Uint8Array(length).fill(0x20);
  new TextEncoder().encodeInto(text, bytes);
  return bytes;
}

function runs(length: number, random: () => number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const end = Math.min(length, at + 1 + (random() % (random() % 8 === 0 ? 2000 : 40)));
    const period = 1 + (random() % 20);
    for (let i = at; i < end; i++) bytes[i] = i - at < period ? random() : bytes[i - period]!;
    at = end;
  }
  return bytes;
}

/** Records of 16 bytes: a counter, a float, flags, a little noise. */
function records(length: number, random: () => number): Uint8Array {
  const padded = new DataView(new ArrayBuffer(length + 16));
  let value = 100;
  for (let at = 0; at < length; at += 16) {
    value += ((random() % 2000) - 1000) / 1000;
    padded.setUint32(at, 0x1000 + at, true);
    padded.setFloat32(at + 4, value, true);
    padded.setUint32(at + 8, random() % 4, true);
    padded.setUint32(at + 12, random(), true);
  }
  return new Uint8Array(padded.buffer, 0, length);
}
