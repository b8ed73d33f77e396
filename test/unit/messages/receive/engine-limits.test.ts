// src/messages/: what the engine throws for a peer's message (no memory, a string that is too long) fails the connection; what a
// handler throws stays the caller's.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { getHost } from '../../../../src/bytes/host.js';
import { Connection } from '../../../../src/connection.js';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { collectInto, type MessageEvent } from '../../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../../src/messages/receive/message-decoder.js';
import { recorder } from '../../../support/frames/recorder.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { DeflatingPeer } from '../../../support/peers/deflate-peer.js';

const peer = new Peer('server');
const host = getHost();
const LIMIT = expect.objectContaining({ code: 'WSIMD_ENGINE_LIMIT', closeCode: 1009, cause: expect.any(Error) });

/** Longer than a slab, so that it is assembled. */
const LONG = 'l'.repeat(100_000);
const long = (message: 'text' | 'binary') => [
  peer[message](LONG.slice(0, 50_000), { fin: false }),
  peer.continuation(LONG.slice(50_000)),
];

afterEach(() => void vi.restoreAllMocks());

/** From now on the host fails at this for 50,000 bytes and more, or for all lengths. */
function failAt(method: 'allocate' | 'allocateForParts' | 'readAscii' | 'readUtf8', least = 50_000): void {
  const real = host[method] as (...args: unknown[]) => unknown;
  vi.spyOn(host, method).mockImplementation(((...args: unknown[]) => {
    const [first, start, end] = args;
    const length = typeof first === 'number' ? first : (end as number) - (start as number);
    if (length < least) return real(...args);
    if (method.startsWith('allocate')) throw new RangeError('Array buffer allocation failed');
    throw Object.assign(new Error('Cannot create a string longer than 0x1fffffe8 characters'), {
      code: 'ERR_STRING_TOO_LONG',
    });
  }) as never);
}

describe.each(KERNEL_NAMES)('on the %s kernel', (kernel) => {
  const decoderFor = (options: Partial<MessageDecoderOptions> = {}) =>
    new MessageDecoder({ role: 'server', kernel, ...options });

  test.each([
    ['a text in fragments that is too long for a string', 'readAscii', long('text'), {}],
    [
      'a text in fragments that is not ASCII, too long for a string',
      'readUtf8',
      [peer.text(`${LONG}ü`)],
      { skipUtf8Validation: true },
    ],
    ['a binary message in fragments, without memory', 'allocate', long('binary'), {}],
    ['the same, apart', 'allocate', long('binary'), { separate: true }],
    ['a text as bytes, without memory', 'allocate', long('text'), { textAs: 'bytes' }],
  ] as const)(
    '%s: what came before is delivered, then the error, and nothing after it',
    (_name, method, frames, options) => {
      const { separate = false, ...rest } = options as { separate?: boolean } & Partial<MessageDecoderOptions>;
      failAt(method);
      const decoder = decoderFor(rest);
      decoder.separatesFragments = separate;
      const events = [
        ...decoder.decode(stream(peer.binary('before'), ...frames, peer.text('after'))),
        ...decoder.decode(stream(peer.text('later'))),
      ];
      expect(events).toEqual([
        { type: 'binary', data: expect.objectContaining({ length: 6 }) },
        { type: 'error', error: LIMIT },
      ]);
      expect(Buffer.from((events[0] as { data: Uint8Array }).data).toString()).toBe('before');
      expect([decoder.isDone, decoder.bufferedLength]).toEqual([true, 0]);
    },
  );

  test('the only message of a chunk, as a text and as bytes read in place', () => {
    failAt('readAscii', 5);
    expect(decoderFor().decode(stream(peer.text('hello')))).toEqual([{ type: 'error', error: LIMIT }]);
    failAt('allocateForParts', 5);
    const decoder = decoderFor();
    const bytes = stream(peer.binary('hello'));
    decoder.receiveBuffer.set(bytes);
    const events: MessageEvent[] = [];
    decoder.dispatchReceived(bytes.length, collectInto(events));
    expect(events).toEqual([{ type: 'error', error: LIMIT }]);
  });

  test.each([
    ['string', 'readAscii'],
    ['bytes', 'allocate'],
  ] as const)('a message that inflates to too much, as %s', (textAs, method) => {
    const deflating = new DeflatingPeer();
    const deflate = new PerMessageDeflate({ kernel, poolLength: 2 ** 20 });
    const offers = deflate.offer();
    const compression = deflate.forServer(deflate.answer(offers))!;
    failAt(method);
    const decoder = new MessageDecoder({ role: 'server', kernel, textAs }, compression);
    const events = decoder.decode(stream(peer.text(deflating.deflate('l'.repeat(300_000)), { rsv: 4 }), peer.ping()));
    expect(events).toEqual([{ type: 'error', error: LIMIT }]);
  });

  test('a connection tells its peer: 1009', () => {
    failAt('readAscii');
    const connection = new Connection({ role: 'server', kernel });
    expect(connection.receive(stream(...long('text')))).toEqual([{ type: 'error', error: LIMIT }]);
    expect([...connection.takeOutgoing()]).toEqual([0x88, 2, 1009 >> 8, 1009 & 255]);
    expect(connection.state).toBe('closed');
  });

  test.each([
    ['the only message of a chunk', [peer.text('a')]],
    ['one of many', [peer.text('a'), peer.text('b'), peer.binary('c')]],
    ['one in fragments', long('text')],
  ])('a RangeError of a handler is its caller’s: at %s', (_name, frames) => {
    const connection = new Connection({ role: 'server', kernel });
    const mine = new RangeError('Array buffer allocation failed');
    const errors: unknown[] = [];
    const handler = {
      ...recorder(),
      onText: () => {
        throw mine;
      },
      onError: (error: unknown) => errors.push(error),
    };
    expect(() => connection.dispatch(stream(...frames), handler)).toThrow(mine);
    expect([errors, connection.state, connection.outgoingLength]).toEqual([[], 'open', 0]);
  });
});
