// Random scenarios for two implementations of one API: options of both sides, and what is done on either. It describes them;
// play.ts plays them. Known differences (docs/reference/ws-compatibility.md) are not generated: invalid UTF-8 in a fragment or
// in a compressed text that is too long, a message of compressed fragments that is too long, a Blob that is still being read
// when the peer’s Close or ping comes, a long compressed message that a ping overtakes, fragments asked for in the midst of a
// message, what is sent in an event that was spaced (`allowSynchronousEvents: false`) and has the peer’s Close behind it.

import fc from 'fast-check';

export type Side = 'client' | 'server';
export type EventType = 'message' | 'close' | 'error';

/** What is sent, in which shape. All bytes are ASCII or, if `invalid`, no UTF-8. */
export interface Data {
  readonly shape:
    | 'string'
    | 'Buffer'
    | 'Uint8Array'
    | 'Uint16Array'
    | 'DataView'
    | 'ArrayBuffer'
    | 'Blob'
    | 'number'
    | 'null';
  readonly length: number;
  readonly isInvalid: boolean;
}

/** One call. */
export type Op =
  | { readonly call: 'send'; readonly data: Data; readonly options: object | undefined; readonly hasCallback: boolean }
  | { readonly call: 'ping' | 'pong'; readonly data: Data | undefined; readonly hasCallback: boolean }
  | { readonly call: 'close'; readonly args: readonly unknown[] }
  | { readonly call: 'pause' | 'resume' | 'terminate' }
  | { readonly call: 'binaryType'; readonly value: string }
  /** Puts a `pong` of its own in place, which answers pings from then on. */
  | { readonly call: 'replacePong' }
  /** Sets and reads back properties of its own. */
  | { readonly call: 'expando'; readonly name: string }
  | {
      readonly call: 'add';
      readonly type: EventType;
      readonly id: number;
      readonly once: boolean;
      readonly isObject: boolean;
    }
  | { readonly call: 'remove'; readonly type: EventType; readonly id: number }
  | { readonly call: 'attribute'; readonly type: EventType; readonly id: number | null }
  | { readonly call: 'on' | 'once' | 'off'; readonly type: EventType; readonly id: number };

/** Calls in one turn, at once or in the next event of a name. */
export interface Step {
  readonly side: Side;
  readonly when: 'now' | 'message' | 'ping' | 'pong' | 'close';
  readonly ops: readonly Op[];
}

export interface Scenario {
  readonly server: Record<string, unknown>;
  readonly client: Record<string, unknown>;
  readonly protocols: readonly string[];
  readonly handleProtocols: 'last' | 'none' | undefined;
  readonly binaryTypes: Readonly<Record<Side, string>>;
  readonly steps: readonly Step[];
}

const length = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 7, 124, 125, 126, 127, 999, 1000, 1001, 1024, 65535, 65536) },
  { weight: 2, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.nat(100 * 1024) },
);
const shape = fc.constantFrom(
  ...(['string', 'Buffer', 'Uint8Array', 'Uint16Array', 'DataView', 'ArrayBuffer', 'Blob', 'number', 'null'] as const),
);
const data = fc.record({ shape, length, isInvalid: fc.integer({ max: 15, min: 0 }).map((n) => n === 0) });
const controlData = fc.record({
  shape,
  length: fc.oneof({ weight: 5, arbitrary: fc.nat(125) }, { weight: 1, arbitrary: fc.constantFrom(125, 126, 127) }),
  isInvalid: fc.boolean(),
});
const binaryType = fc.constantFrom('nodebuffer', 'arraybuffer', 'fragments', 'blob');
const id = fc.nat(3);
const type = fc.constantFrom<EventType>('message', 'close', 'error');

const sendOptions = fc.option(
  fc.record({ binary: fc.boolean(), compress: fc.boolean(), fin: fc.boolean() }, { requiredKeys: [] }),
  { nil: undefined },
);
const closeArguments = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown[]>([], [1000], [1000, 'done'], [3000, ''], [4999, 'ü'.repeat(61)]) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom<unknown>(undefined, null, '1000', 999, 1001, 1004, 1005, 1006, 1011, 1014, 1015, 2999, 5000),
      fc.constantFrom<unknown>(undefined, '', 'why', Buffer.from('bytes'), new Uint8Array(2).fill(65), 'x'.repeat(123)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom<unknown>(1000, 4000),
      fc.constantFrom<unknown>(
        'x'.repeat(124),
        'ü'.repeat(62),
        Buffer.alloc(124, 65),
        5,
        true,
        new Error('no reason'),
        null,
      ),
    ),
  },
);
const sending = { call: fc.constant('send' as const), options: sendOptions, hasCallback: fc.boolean() };
const send = fc.record({ ...sending, data });
const control = fc.record({
  call: fc.constantFrom('ping' as const, 'pong' as const),
  data: fc.option(controlData, { nil: undefined }),
  hasCallback: fc.boolean(),
});
const listening: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ call: fc.constant('add' as const), type, id, once: fc.boolean(), isObject: fc.boolean() }),
  fc.record({ call: fc.constant('remove' as const), type, id }),
  fc.record({ call: fc.constant('attribute' as const), type, id: fc.option(id) }),
  fc.record({ call: fc.constantFrom('on' as const, 'once' as const, 'off' as const), type, id }),
);
const quiet: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: send },
  { weight: 3, arbitrary: control },
  {
    weight: 1,
    arbitrary: fc.record({
      call: fc.constant('binaryType' as const),
      value: fc.oneof(binaryType, fc.constant('text')),
    }),
  },
  { weight: 2, arbitrary: listening },
  { weight: 1, arbitrary: fc.constant({ call: 'replacePong' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      call: fc.constant('expando' as const),
      name: fc.constantFrom(
        'self',
        'wasClean',
        'attach',
        'id',
        'OPEN',
        'readyState',
        'url',
        'constructor',
        'opening',
        'config',
      ),
    }),
  },
);
const close = fc.record({ call: fc.constant('close' as const), args: closeArguments });
/** Where a chunk ends is the system's: what is paused or cut in the midst of one is left to tests of its own. */
const turning = fc.record({ call: fc.constantFrom('pause' as const, 'resume' as const) });
const side = fc.constantFrom<Side>('client', 'server');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      side,
      when: fc.constant('now' as const),
      ops: fc.array(
        fc.oneof(
          { weight: 16, arbitrary: quiet },
          { weight: 2, arbitrary: turning },
          { weight: 1, arbitrary: close },
          { weight: 1, arbitrary: fc.constant({ call: 'terminate' } as const) },
        ),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      side,
      when: fc.constantFrom('message' as const, 'ping' as const, 'pong' as const, 'close' as const),
      ops: fc.array(fc.oneof({ weight: 8, arbitrary: quiet }, { weight: 1, arbitrary: close }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
);

const deflate = fc.constantFrom<unknown>(
  false,
  true,
  { threshold: 0 },
  { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
  { threshold: 100, serverNoContextTakeover: true },
  { threshold: 0, serverMaxWindowBits: 10 },
  { threshold: 0, clientMaxWindowBits: 10 },
);
const common = {
  perMessageDeflate: deflate,
  maxPayload: fc.constantFrom(0, 125, 1000, 65535),
  autoPong: fc.boolean(),
  allowSynchronousEvents: fc.boolean(),
  skipUTF8Validation: fc.boolean(),
};
const serverOptions = fc.record({ ...common, clientTracking: fc.boolean() }, { requiredKeys: [] });
const clientOptions = fc.record(common, { requiredKeys: [] });

export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    server: serverOptions,
    client: clientOptions,
    protocols: fc.constantFrom<string[]>([], [], ['a'], ['a', 'b']),
    handleProtocols: fc.constantFrom('last' as const, 'none' as const, undefined, undefined),
    binaryTypes: fc.record({ client: binaryType, server: binaryType }),
    steps: fc.array(step, { minLength: 1, maxLength: 15 }),
  })
  .map(withoutKnown);

/** Leaves out what is known to differ. */
function withoutKnown(made: Scenario): Scenario {
  const { server, client, steps } = made;
  const ops = steps.flatMap((one) => one.ops);
  const mayCompress = Boolean(server.perMessageDeflate);
  const isBounded = Boolean(server.maxPayload || client.maxPayload);
  const hasFragments = ops.some((op) => op.call === 'send' && isFragment(op));
  const isSpaced = server.allowSynchronousEvents === false || client.allowSynchronousEvents === false;
  const hasReactions = steps.some(({ when }) => when !== 'now');
  const mendData = (data: Data): Data => ({
    shape: data.shape === 'Blob' && hasReactions ? 'Buffer' : data.shape,
    length: mayCompress ? Math.min(data.length, UNSLICED_LENGTH) : data.length,
    isInvalid: data.isInvalid && !hasFragments && !(mayCompress && isBounded),
  });
  const mend = (op: Op): Op => {
    // Pongs are called when a ping is read; with spaced events `ws` reads it later.
    if (op.call === 'replacePong' && isSpaced) return { call: 'expando', name: 'id' };
    if (op.call === 'binaryType' && op.value === 'fragments' && hasFragments) return { ...op, value: 'arraybuffer' };
    if (!('data' in op) || op.data === undefined) return op;
    const mended = { ...op, data: mendData(op.data) };
    const isMended = op.call === 'send' && mayCompress && isBounded && isFragment(op);
    return (isMended ? { ...mended, options: { ...op.options, fin: true } } : mended) as Op;
  };
  // `ws` inflates late: what a reaction may still send when the peer has failed the connection is a race with itself.
  const mayFail = isBounded || ops.some((op) => 'data' in op && op.data?.isInvalid);
  const kept = isSpaced || (mayCompress && mayFail) ? steps.filter(({ when }) => when === 'now') : steps;
  return { ...made, steps: kept.map((one) => ({ ...one, ops: one.ops.map(mend) })) };
}

/** What is longer is compressed in slices, and overtaken by pings and pongs. */
const UNSLICED_LENGTH = 65536;

function isFragment({ options }: { options: object | undefined }): boolean {
  return options !== undefined && 'fin' in options && options.fin === false;
}
