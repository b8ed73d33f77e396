// Which codes may stand in a Close (RFC 6455 section 7.4 and the registry that it founds). The portable kernel asks it of what
// comes in, the encoder of what goes out; the WebAssembly kernel has its own in assembly/frames/check.ts.

/** 1000-1003, 1007-1014 and 3000-4999; the rest is reserved or never sent. */
export function isCloseCode(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
  );
}
