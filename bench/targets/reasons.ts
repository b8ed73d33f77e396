// Why a figure is as it is, where we know: docs/background/benchmarks.md says it beside each that is not as it should be. It must
// not know the figures, which change from run to run.

interface Reason {
  /** The groups whose ids begin so. */
  readonly group: string;
  readonly subject: string;
  /** The subject that it is compared with; without it, all. */
  readonly peer?: string;
  /** The runtimes whose ids begin so; without them, all. */
  readonly runtimes?: readonly string[];
  readonly text: string;
}

/** The first that fits counts. */
const REASONS: readonly Reason[] = [
  {
    group: 'decode/cursor/',
    subject: 'wsimd',
    peer: 'ws',
    text: 'A frame costs 7 to 12 ns in the kernel and a step of the cursor 3 to 5; from some KiB on both read the bytes once and are bound by memory.',
  },
  {
    group: 'decode/cursor/cjk',
    subject: 'wsimd',
    text: 'Validating text that is not ASCII takes three look-ups in tables for every 16 bytes, with the vectors of 128 bits that WebAssembly has.',
  },
  {
    group: 'decode/text-cost',
    subject: 'ASCII',
    text: 'A text is unmasked with its high bits collected in the same pass; what is left is the state between pieces of a frame that spans chunks.',
  },
  {
    group: 'decode/messages/binary',
    subject: 'wsimd',
    peer: 'ws',
    text: 'The bytes cross into the arena and back, but for long ones where Node masks; `ws` unmasks in place with its addon. Views and the cursor need no way back.',
  },
  {
    group: 'decode/messages/',
    subject: 'wsimd',
    peer: 'ws',
    text: 'Making the string is most of the time in every library; runs of three-byte characters are transcoded to UTF-16 first.',
  },
  {
    group: 'decode/views/',
    subject: 'wsimd',
    peer: 'ws',
    text: 'A view of each piece of a frame that spans chunks, where `ws` joins them in one Buffer.',
  },
  {
    group: 'decode/single/binary',
    subject: 'wsimd',
    peer: 'ws',
    text: 'A call for each frame, and the bytes cross into the arena and back, but for long ones where Node masks.',
  },
  {
    group: 'decode/single/',
    subject: 'wsimd',
    peer: 'ws',
    text: 'A call into the kernel for each frame, and the string, which costs both the same.',
  },
  {
    group: 'encode/server/binary',
    subject: 'writer',
    peer: 'ws frame',
    text: '`ws` writes a header only and leaves the payload where it is; here both are copied into one buffer.',
  },
  {
    group: 'encode/server/',
    subject: 'writer',
    peer: 'ws frame',
    text: 'Writing a short string costs the same in every library.',
  },
  {
    group: 'encode/client/',
    subject: 'writer',
    peer: 'ws frame',
    text: 'A few bytes are copied and masked in a loop of JavaScript, a turn for four of them, by both; only the objects around it are saved.',
  },
  {
    group: 'encode/server/binary',
    subject: 'connection',
    peer: 'ws send',
    text: '`ws` hands the payload to the socket as it is; here it is copied behind its header.',
  },
  {
    group: 'decode/messages/',
    subject: 'wsimd',
    peer: 'portable',
    text: 'A message that spans chunks costs its own buffer, fresh from the system, more than its unmasking, whichever kernel does it.',
  },
  {
    group: 'dispatch/mask',
    subject: 'unmask',
    text: 'Of a few bytes the checks of the arguments show; just above the threshold the loop is still the faster way on machines with dear copies.',
  },
  {
    group: 'mask/',
    subject: 'arena',
    peer: 'bufferutil',
    text: 'Both run at the speed of the cache.',
  },
  {
    group: 'mask/',
    subject: 'unmask',
    peer: 'bufferutil',
    text: 'The bytes are copied into the arena and back.',
  },
  {
    group: 'utf8/',
    subject: 'arena',
    peer: 'isUtf8',
    text: '`isUtf8` has AVX-512 where the machine has it; WebAssembly has 128 bits.',
  },
  {
    group: 'utf8/',
    subject: 'arena',
    peer: 'portable',
    text: 'Up to some 16 bytes a call into WebAssembly costs more than a loop over them.',
  },
  {
    group: 'accept-key',
    subject: 'acceptKey',
    runtimes: ['bun'],
    text: 'Bun hashes natively without a stream object around it; here SHA-1 is JavaScript.',
  },
  {
    group: 'accept-key',
    subject: 'acceptKey',
    text: 'SHA-1 has 160 rounds of 32-bit arithmetic here, each waiting for the one before; `createHash` is slow to be made, not to hash.',
  },
  {
    group: 'handshake/response',
    subject: 'writeResponse',
    text: 'Nearly all of it is the SHA-1 of the accept key.',
  },
  {
    group: 'handshake/upgrade',
    subject: 'wsimd',
    text: 'It also checks Host, Origin, the version of HTTP and that there is no body.',
  },
  {
    group: 'garbage/decode/',
    subject: 'cursor',
    text: 'Not a byte a message: some 32 bytes a chunk, which a chunk of few messages shares among few.',
  },
  {
    group: 'garbage/decode/',
    subject: 'messages',
    text: 'A message that spans chunks is put together in a buffer of its own.',
  },
  {
    group: 'deflate/',
    subject: 'wsimd',
    peer: 'ws awaited',
    text: 'How long `ws` waits for a thread depends on the machine: 200 to 290 µs with two cores free, 50 to 70 on one. Against zlib, which does the work, see beside it.',
  },
  {
    group: 'deflate/deflate/',
    subject: 'wsimd',
    peer: 'node:zlib',
    runtimes: ['bun'],
    text: 'Bun has zlib-ng, whose level 1 is quicker than that of zlib and makes 15 to 50 % more bytes than we do. Its level 2 makes as many.',
  },
  {
    group: 'deflate/inflate/',
    subject: 'wsimd',
    peer: 'node:zlib',
    runtimes: ['node-26', 'bun'],
    text: 'zlib in one call takes 6 to 7 µs for 175 bytes on Node 26 and Bun, and took 14 on Node 20: what is to be beaten has become quicker.',
  },
  {
    group: 'deflate/inflate/',
    subject: 'wsimd',
    peer: 'node:zlib',
    runtimes: ['node-20', 'node-22', 'node-24', 'deno'],
    text: 'A short message with codes of its own costs their tables more than its symbols; a long one comes out in pieces of 64 KiB, which are copied once more to where they stay.',
  },
];

/** @param peer undefined for a figure of the subject's own @param runtime its id (see runtime-name.ts) */
export function findReason(
  group: string,
  subject: string,
  peer: string | undefined,
  runtime: string,
): string | undefined {
  return REASONS.find(
    (one) =>
      group.startsWith(one.group) &&
      one.subject === subject &&
      (one.peer === undefined || one.peer === peer) &&
      (one.runtimes?.some((start) => runtime.startsWith(start)) ?? true),
  )?.text;
}
