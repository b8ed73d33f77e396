// Strings as UTF-8, for what is not worth the host's fast way (host.ts): handshakes, and the text of a module.

interface Globals {
  readonly TextEncoder?: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(text: string): Uint8Array };
}

/** A string as UTF-8, a lone surrogate as U+FFFD. jsdom, as Jest runs it on Node, has a Buffer and no TextEncoder. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  const { TextEncoder: Encoder, Buffer: HostBuffer } = globalThis as Globals;
  if (Encoder !== undefined) return new Encoder().encode(text);
  if (HostBuffer !== undefined) return new Uint8Array(HostBuffer.from(text));
  throw new TypeError('this host has neither a TextEncoder nor a Buffer');
}
