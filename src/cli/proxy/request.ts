// The request of a client on its way to the server: which lines of it the options change. All others stay as they are, byte for
// byte.

import { decodeLatin1 } from '../../handshake/head.js';
import { encodeLatin1 } from '../../handshake/index.js';

export interface RequestChanges {
  /** The Host of the target; undefined keeps the client's. */
  readonly host: string | undefined;
  /** The path and query of the target; undefined keeps the client's. */
  readonly target: string | undefined;
  /** Headers to set, in place of those of the same names. */
  readonly headers: readonly (readonly [string, string])[];
  /** Headers to leave out, in lower case. */
  readonly removed: ReadonlySet<string>;
}

/** @param head of a request that has been parsed @returns the head to send on */
export function changeRequest(head: Uint8Array, { host, target, headers, removed }: RequestChanges): Uint8Array {
  const text = decodeLatin1(head);
  const start = text.startsWith('\r\n') ? 2 : 0;
  const [startLine = '', ...lines] = text.slice(start, -4).split('\r\n');
  const set = new Map((host === undefined ? headers : [['Host', host] as const, ...headers]).map(toEntry));
  const kept = lines.flatMap((line) => {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    if (removed.has(name)) return [];
    const own = set.get(name);
    if (own === undefined) return [line];
    const isFirst = own.line !== undefined;
    const { line: replacement = '' } = own;
    own.line = undefined;
    return isFirst ? [replacement] : [];
  });
  const added = [...set.values()].flatMap(({ line }) => (line === undefined ? [] : [line]));
  const changed =
    target === undefined ? startLine : startLine.replace(/^(\S+) \S+ /, (_, method) => `${method} ${target} `);
  return encodeLatin1(`${[changed, ...kept, ...added].join('\r\n')}\r\n\r\n`);
}

function toEntry([name, value]: readonly [string, string]): [string, { line: string | undefined }] {
  return [name.toLowerCase(), { line: `${name}: ${value}` }];
}
