// Text of a peer as the page shows it. It knows no DOM.

/** Characters that are not seen or that turn the writing round: controls but for line breaks and tabs, bidi and other format marks. */
const UNSEEN = /(?!\r\n|[\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text with each of them as an escape, such as `\u{202e}`. A copy or a comparison takes the text itself. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
