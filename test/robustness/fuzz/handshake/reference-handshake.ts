// What RFC 6455 sections 4.2.1, 4.1 and 9.1 and RFC 9112 say of a head, written with regular expressions for clarity; it shares
// nothing with src/. Where the RFCs leave a choice, it takes the stricter one, as src/handshake says it does.

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const isToken = (text: string) => new RegExp(`^${TOKEN}$`).test(text);
const TRIM = /^[ \t]+|[ \t]+$/g;
/** As RFC 3986 section 3.2.2 has it: a name or an IPv4 address, but for the comma; or an IPv6 address. And a port. */
const NAME = "(?:[A-Za-z0-9\\-._~]|%[0-9A-Fa-f][0-9A-Fa-f]|[!$&'()*+;=])+";
const HOST = new RegExp(`^(?:${NAME}|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{0,5})?$`);

interface Fields {
  readonly startLine: string;
  readonly all: (name: string) => string[];
}

function readFields(head: string): Fields | undefined {
  if (!head.endsWith('\r\n\r\n') || head.length > 16_384) return undefined;
  const [startLine = '', ...lines] = head.slice(0, -4).split('\r\n');
  const isText = (text: string) => /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
  if (!isText(startLine) || lines.length > 100) return undefined;
  const fields: [string, string][] = [];
  for (const line of lines) {
    const match = /^([^:]*):(.*)$/s.exec(line);
    if (match === null || !isToken(match[1]!) || !isText(match[2]!)) return undefined;
    fields.push([match[1]!.toLowerCase(), match[2]!.replace(TRIM, '')]);
  }
  return { startLine, all: (name) => fields.filter(([its]) => its === name).map(([, value]) => value) };
}

function listOf(values: readonly string[]): string[] {
  const elements = values.join(',').split(',');
  return elements.map((element) => element.replace(TRIM, '')).filter((element) => element !== '');
}

const hasToken = (values: readonly string[], token: string) =>
  listOf(values).some((element) => element.toLowerCase() === token);

export function referenceRequest(head: string): string {
  const fields = readFields(head.replace(/^\r\n/, ''));
  if (fields === undefined) return 'refused';
  const { startLine, all } = fields;
  const [key, ...keys] = all('sec-websocket-key');
  const [host, ...hosts] = all('host');
  const [version, ...versions] = all('sec-websocket-version');
  const protocols = listOf(all('sec-websocket-protocol'));
  const isRight =
    /^GET \/[^ ]* HTTP\/1\.[1-9]$/.test(startLine) &&
    hasToken(all('upgrade'), 'websocket') &&
    hasToken(all('connection'), 'upgrade') &&
    version === '13' &&
    versions.length === 0 &&
    host !== undefined &&
    hosts.length === 0 &&
    HOST.test(host) &&
    key !== undefined &&
    keys.length === 0 &&
    // Sixteen bytes; the four bits that are left over may be anything, as decoders drop them.
    /^[A-Za-z0-9+/]{22}==$/.test(key) &&
    all('transfer-encoding').length === 0 &&
    all('content-length').every((length) => length === '0') &&
    protocols.every(isToken) &&
    new Set(protocols).size === protocols.length &&
    referenceExtensions(all('sec-websocket-extensions').join(', ')) !== 'refused';
  return isRight ? 'accepted' : 'refused';
}

/** A client that has offered neither subprotocols nor extensions. */
export function referenceResponse(head: string, accept: string): string {
  const fields = readFields(head);
  if (fields === undefined) return 'refused';
  const { startLine, all } = fields;
  const isRight =
    // Section 4.1 asks for the status, not for a version; its Upgrade is one token, where a request's is a list.
    /^HTTP\/[0-9]\.[0-9] 101( |$)/.test(startLine) &&
    all('upgrade').length === 1 &&
    all('upgrade')[0]!.toLowerCase() === 'websocket' &&
    hasToken(all('connection'), 'upgrade') &&
    all('sec-websocket-accept').length === 1 &&
    all('sec-websocket-accept')[0] === accept &&
    all('sec-websocket-protocol').length === 0 &&
    listOf(all('sec-websocket-extensions')).length === 0;
  return isRight ? 'accepted' : 'refused';
}

/** As JSON, each extension an array of its name and its parameters. */
export function referenceExtensions(value: string): string {
  const quoted = '"(?:[^"\\\\]|\\\\[^])*"';
  const parameter = `[ \\t]*;[ \\t]*(${TOKEN})(?:[ \\t]*=[ \\t]*(${TOKEN}|${quoted}))?`;
  const element = new RegExp(`^[ \\t]*(${TOKEN})((?:${parameter})*)[ \\t]*$`);
  // Commas in quotes part nothing, and none of them is in a token: a quoted one is rejected.
  const result: unknown[] = [];
  for (const part of value.split(',')) {
    if (/^[ \t]*$/.test(part)) continue;
    const match = element.exec(part);
    if (match === null) return 'refused';
    const parameters: unknown[] = [];
    for (const [, name, raw] of match[2]!.matchAll(new RegExp(parameter, 'g'))) {
      const text = raw?.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/gs, '$1') : raw;
      if (text !== undefined && !isToken(text)) return 'refused';
      parameters.push([name, text ?? true]);
    }
    result.push([match[1], ...parameters]);
  }
  return JSON.stringify(result);
}
