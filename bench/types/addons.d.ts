// The native addons that the benchmark compares with; neither brings types.

declare module 'bufferutil' {
  const bufferutil: {
    mask(source: Uint8Array, mask: Uint8Array, output: Uint8Array, offset: number, length: number): void;
    unmask(buffer: Uint8Array, mask: Uint8Array): void;
  };
  export default bufferutil;
}

declare module 'utf-8-validate' {
  export default function isValidUTF8(buffer: Uint8Array): boolean;
}
