// Text of a peer with what cannot be seen in it as escapes, for the page and for terminals. It knows neither.

/**
 * Characters that are not shown, or that a terminal acts on: controls (C0, DEL, C1), format characters (bidi overrides and isolates
 * among them), line and paragraph separators, lone surrogates.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text on one line, with each of them as an escape such as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** The same, but line breaks and tabs stay. A copy or a comparison takes the text itself. */
export function visible(text: string): string {
  // What matches the group stands at the odd places.
  const parts = text.split(/(\r\n|[\n\t])/);
  return parts.map((part, i) => (i % 2 === 0 ? printable(part) : part)).join('');
}
