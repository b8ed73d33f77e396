// How long a library takes until it has decoded its first message, in a process that has done nothing else; prints the
// nanoseconds. It imports nothing that the library might share.

import { readJob } from './run-child.js';

/** What is started. */
export interface StartupJob {
  readonly subject: 'wsimd' | 'portable' | 'ws';
  /** Of what is imported. */
  readonly url: string;
  /** The first message's frame, in Base64. */
  readonly frame: string;
}

/** What the child prints. */
export interface StartupTimes {
  /** From the beginning of the import on. */
  readonly decoded: number;
  readonly text: string;
}

const { subject, url, frame } = readJob() as StartupJob;
const chunk = Buffer.from(frame, 'base64');
let text = '';

const start = performance.now();
const library: object = await import(url);
if (subject === 'ws') decodeWithWs(library as Pick<typeof import('ws'), 'Receiver'>);
else decodeWithOurs(library as typeof import('../../../src/index.js'), subject === 'wsimd' ? 'wasm' : 'portable');
const decoded = performance.now();

const times: StartupTimes = { decoded: (decoded - start) * 1e6, text };
console.log(JSON.stringify(times));

function decodeWithOurs({ MessageDecoder }: typeof import('../../../src/index.js'), kernel: 'wasm' | 'portable'): void {
  const [event] = new MessageDecoder({ role: 'server', kernel }).decode(chunk);
  if (event?.type === 'text') text = event.text;
}

function decodeWithWs({ Receiver }: Pick<typeof import('ws'), 'Receiver'>): void {
  const receiver = new Receiver({
    allowSynchronousEvents: true,
    binaryType: 'nodebuffer',
    extensions: {},
    isServer: true,
    maxBufferedChunks: 0,
    maxFragments: 0,
    maxPayload: 0,
    skipUTF8Validation: false,
  });
  receiver.on('message', (data) => {
    text = data.toString();
  });
  receiver.write(chunk);
}
