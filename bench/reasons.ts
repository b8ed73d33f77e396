// Why a figure is as it is, where we know: the README says it beside each that is not as it should be. It must not know the
// figures, which change from run to run.

interface Reason {
  /** The groups whose ids begin so. */
  readonly group: string;
  readonly subject: string;
  readonly peer: string;
  readonly text: string;
}

/** The first that fits counts. */
const REASONS: readonly Reason[] = [
  {
    group: 'decode/messages/binary',
    subject: 'wsimd',
    peer: 'ws',
    text: 'The bytes cross into the arena and back; `ws` unmasks in place with its addon. Views and the cursor need no way back.',
  },
  {
    group: 'decode/single/binary',
    subject: 'wsimd',
    peer: 'ws',
    text: 'A call for each frame, and the bytes cross into the arena and back.',
  },
  {
    group: 'encode/server/binary',
    subject: 'writer',
    peer: 'ws frame',
    text: '`ws` writes a header only and leaves the payload where it is; here both are copied into one buffer.',
  },
  {
    group: 'encode/server/text',
    subject: 'writer',
    peer: 'ws frame',
    text: 'Writing a short string costs the same whoever does it.',
  },
  {
    group: 'encode/server/binary',
    subject: 'connection',
    peer: 'ws send',
    text: '`ws` hands the payload to the socket as it is; here it is copied behind its header.',
  },
  {
    group: 'mask/in-place',
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
];

export function findReason(group: string, subject: string, peer: string): string | undefined {
  return REASONS.find((one) => group.startsWith(one.group) && one.subject === subject && one.peer === peer)?.text;
}
