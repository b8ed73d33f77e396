// Which codes may stand in a Close (RFC 6455 section 7.4 and the registry that it founds). The kernel has the same rule in
// assembly/check.ts for what comes in; this is for what goes out.

/** 1000-1003, 1007-1014 and 3000-4999; the rest is reserved or never sent. */
export function isCloseCode(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
  );
}
