// Tests that several lists name.

export const vectors = (filter) => ({ file: 'test/spec/vectors.test.ts', filter });
export const FUZZ = { file: 'test/robustness/fuzz/fuzz.test.ts' };
export const KERNEL_MASK = { file: 'test/unit/kernel/encode/mask.test.ts' };
export const KERNEL_UTF8 = { file: 'test/unit/kernel/text/utf8.test.ts' };
export const KERNEL_ENCODE = { file: 'test/unit/kernel/encode/encode.test.ts' };
export const DECODE_ERRORS = { file: 'test/unit/kernel/decode/decode-errors.test.ts' };
export const CONNECTION = { file: 'test/unit/connection' };
export const PROPERTIES = { file: 'test/robustness/properties/frames.test.ts' };
export const LESSONS = { file: 'test/spec/lessons.test.ts' };
export const LENGTHS = vectors('5.2-payload-length.*(length in|bytes$)');
export const DYNAMIC_HEADER = { file: 'test/unit/deflate/kernel/inflate-blocks.test.ts', filter: '3.2.7' };
export const compressed = (filter) => ({ file: 'test/spec/compressed.test.ts', filter });
