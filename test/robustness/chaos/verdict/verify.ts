// Judges a connection by the reports of its two ends. It knows no socket, so that it can be tested by itself.

import type { EndReport } from './log.js';

const ABNORMAL = 1006;
/** Codes of a Close frame that answers bytes that break a rule. */
const PROTOCOL_CODES: readonly number[] = [1002, 1007, 1009];

/** What is wrong with one connection; empty if nothing is. An end is undefined where it never learned of the connection. */
export function verifyConnection(client: EndReport | undefined, server: EndReport | undefined): string[] {
  const ends = [client, server].filter((end) => end !== undefined);
  const faults = ends.flatMap(verifyEnd);
  if (client === undefined || server === undefined || !client.wasOpened) return faults;
  const isDisturbed = ends.some(({ cuts }) => cuts.length > 0);
  faults.push(...verifyWay(client, server, isDisturbed), ...verifyWay(server, client, isDisturbed));
  if (faults.length > 0) faults.push(...ends.map(summary));
  return faults;
}

/** For the reader of a fault. */
function summary({ name, sent, received, closes, closedWith, cuts, errors, progress }: EndReport): string {
  const counts = `sent ${sent.length}, received ${received.length}`;
  return `  (${name}: ${counts}, ${JSON.stringify({ closes, closedWith, cuts, errors, progress })})`;
}

/** What must hold of an end, whatever the other one does. */
function verifyEnd(end: EndReport): string[] {
  const { name, closes, callbacks, progress } = end;
  const faults = end.faults.map((fault) => `${name}: ${fault}`);
  if (closes.length !== 1) faults.push(`${name}: ${closes.length} \`close\` events (${progress})`);
  const { expected, called, calledTwice } = callbacks;
  if (called < expected) faults.push(`${name}: ${expected - called} of ${expected} callbacks were never called`);
  if (calledTwice > 0) faults.push(`${name}: ${calledTwice} callbacks were called more than once`);
  return faults;
}

/** What must hold of everything that went from one end to the other. */
function verifyWay(from: EndReport, to: EndReport, isDisturbed: boolean): string[] {
  const way = `${from.name} → ${to.name}`;
  const code = to.closes[0]?.code ?? ABNORMAL;
  const hasReceivedClose = code !== ABNORMAL;
  const faults = [
    ...compare(`${way}: message`, from.sent, to.received, hasReceivedClose),
    ...compare(`${way}: ping`, from.pingsSent, to.pingsReceived, hasReceivedClose),
    ...verifyPongs(way, from, to),
  ];
  // An end answers a Close frame with the code that it got.
  const allowed = [...from.closedWith, ...to.closedWith];
  if (hasReceivedClose && !allowed.includes(code) && !(isDisturbed && PROTOCOL_CODES.includes(code))) {
    faults.push(`${way}: a Close frame with code ${code} arrived; sent were ${JSON.stringify(from.closedWith)}`);
  }
  if (isDisturbed) return faults;
  if (!hasReceivedClose) {
    faults.push(`${way}: no Close frame arrived, though nobody cut the connection (${from.progress}, ${to.progress})`);
  }
  faults.push(...to.errors.map((error) => `${to.name}: an error, though nobody cut the connection: ${error}`));
  return faults;
}

/** What arrived is the beginning of what was sent; all of it, if a Close frame arrived behind it. */
function compare(what: string, sent: readonly string[], received: readonly string[], isAll: boolean): string[] {
  const wrong = received.findIndex((item, at) => item !== sent[at]);
  if (wrong >= 0) {
    const item = received[wrong]!;
    const elsewhere = sent.indexOf(item);
    const origin =
      elsewhere > wrong
        ? `that is number ${elsewhere}: a gap`
        : elsewhere >= 0
          ? `that is number ${elsewhere} again`
          : 'nobody sent that';
    return [`${what} ${wrong} of ${sent.length} should be "${sent[wrong]}" and is "${item}"; ${origin}`];
  }
  if (isAll && received.length < sent.length) {
    return [
      `${what}: a Close frame arrived, but only ${received.length} of ${sent.length}; next is "${sent[received.length]}"`,
    ];
  }
  return [];
}

/** A pong answers a ping, or was sent by itself; answers may be left out (RFC 6455 section 5.5.3). */
function verifyPongs(way: string, from: EndReport, to: EndReport): string[] {
  const known = new Set([...to.pingsSent, ...from.pongsSent]);
  const unknown = to.pongsReceived.filter((payload) => !known.has(payload));
  return unknown.map((payload) => `${way}: a pong arrived that nobody asked for: ${payload}`);
}
