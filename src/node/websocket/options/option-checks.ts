// What the options of a server and of a client may be, in tables. Where `ws` gives a value a meaning, it is accepted with that
// meaning. Options without effect are not in the tables, so that any value passes which `ws` takes.

import { PerMessageDeflate } from '../../../deflate/index.js';
import { selectKernel } from '../../../kernel/select.js';
import {
  atLeast,
  callable,
  checkOptions,
  duration,
  numberThat,
  type OptionCheck,
  objectWith,
  oneOf,
  originPolicy,
  valueThat,
  wholeNumber,
} from '../../../protocol/option-checks.js';
import type { Role } from '../../../protocol/role.js';
import type { WebSocketOptions } from './options.js';

const MAX_PORT = 65535;
/** The largest that the system takes. */
const MAX_BACKLOG = 2 ** 31 - 1;

const LIMIT = 'a number: 1 or more, or 0 for no limit';

/** `ws` takes anything for true or false. These values can be meant as nothing else; a string such as `'false'` can. */
const flag = valueThat('true or false', isFlag);
const flagOrObject = valueThat('true, false or an object', isFlag);
/** A limit as `ws` understands it: null, 0, less than 0 and Infinity are none. */
const limit = orNull(numberThat(LIMIT, isLimit));
/** `ws` takes NaN for no limit too. */
const limitOrNaN = orNull(numberThat(LIMIT, (value) => isLimit(value) || Number.isNaN(value)));
const zeroOrFromOne = numberThat('0 or a number from 1 on', (value) => value === 0 || value >= 1);
const numberButNaN = numberThat('a number', (value) => !Number.isNaN(value));
const text = orNone(valueThat('a string', (value) => typeof value === 'string'));
const optionalFunction = orNone(callable);
const flagOrLength = checkFlagOrLength('true, false or a number of bytes from 1 on');
const object = valueThat('an object', (value) => typeof value === 'object' && value !== null);
/** A boolean says nothing of how many. */
const windowBits: OptionCheck = (name, value) => {
  if (typeof value !== 'boolean' && value !== null) wholeNumber(8, 15)(name, value);
};

type Checks = Readonly<Record<string, OptionCheck>>;

const DEFLATE: Checks = {
  serverNoContextTakeover: flag,
  clientNoContextTakeover: flag,
  serverMaxWindowBits: windowBits,
  clientMaxWindowBits: windowBits,
  threshold: orNull(numberButNaN),
};

const COMMON: Checks = {
  allowSynchronousEvents: flag,
  autoPong: flag,
  skipUTF8Validation: flag,
  directReads: flag,
  earlyScavenges: flag,
  directWrites: flag,
  closeTimeout: orNull(duration(0)),
  maxPayload: limit,
  maxFragments: limit,
  maxPendingAutoPongs: limitOrNaN,
  maxHeldLength: zeroOrFromOne,
  maxBackpressure: atLeast(0),
  streamMessages: flagOrLength,
  maxPingRate: zeroOrFromOne,
  backpressurePolicy: oneOf('close', 'drop'),
  textAs: oneOf('buffer', 'string'),
  messageLifetime: oneOf('owned', 'listener', 'listener-checked'),
  generateMask: optionalFunction,
  heartbeat: orNone(checkHeartbeat),
  idleTimeout: orNull(duration(1)),
  maxLifetime: orNull(duration(1)),
  lifetimeJitter: numberThat('a number from 0 to 1', (value) => value >= 0 && value <= 1),
  perMessageDeflate: checkDeflate,
};

const SERVER: Checks = {
  ...COMMON,
  port: orNull(checkPort),
  host: text,
  backlog: orNull(wholeNumber(0, MAX_BACKLOG)),
  server: orNone(objectWith('on', 'an HTTP server')),
  noServer: flag,
  path: text,
  clientTracking: flag,
  maxConnections: orNull(zeroOrFromOne),
  handshakeTimeout: orNull(duration(1)),
  verifyClient: optionalFunction,
  handleProtocols: optionalFunction,
  origin: originPolicy,
  requireOrigin: flag,
};

const CLIENT: Checks = {
  ...COMMON,
  origin: text,
  headers: orNone(object),
  followRedirects: flag,
  // As with `ws`, null and less than 0 allow none.
  maxRedirects: orNull(numberButNaN),
  handshakeTimeout: orNone(duration(0)),
  session: orNone(objectWith('request', 'an HTTP/2 session')),
  http2: orNone(oneOf('auto')),
  signal: orNone(objectWith('addEventListener', 'an AbortSignal')),
  signalScope: oneOf('handshake', 'connection'),
  finishRequest: optionalFunction,
};

/**
 * Checks all options of a server or a client, and that there is a kernel as they want it.
 *
 * @throws RangeError, TypeError, which name the option; ProtocolError `WSIMD_NO_KERNEL`
 */
export function checkNodeOptions(role: Role, options: WebSocketOptions): void {
  checkOptions(options, role === 'server' ? SERVER : CLIENT);
  selectKernel(options.kernel);
}

function isFlag(value: unknown): boolean {
  return ([true, false, null, 0, 1] as unknown[]).includes(value);
}

/** Less than 1 byte or frame, but not 0, is meant as something else than a limit. */
function isLimit(value: number): boolean {
  return value <= 0 || value >= 1;
}

function orNull(check: OptionCheck): OptionCheck {
  return (name, value) => {
    if (value !== null) check(name, value);
  };
}

/** Null, and false, which `condition && value` may be, stand for none. */
function orNone(check: OptionCheck): OptionCheck {
  return (name, value) => {
    if (value !== null && value !== false) check(name, value);
  };
}

function checkFlagOrLength(expected: string): OptionCheck {
  const length = numberThat(expected, (value) => value >= 1);
  return (name, value) => {
    if (!isFlag(value)) length(name, value);
  };
}

/** Node takes the text of a number too, as it comes from the environment. */
function checkPort(name: string, value: unknown): void {
  const port = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  wholeNumber(0, MAX_PORT)(name, Number.isNaN(port) ? value : port);
}

function checkHeartbeat(name: string, value: unknown): void {
  object(name, value);
  const { interval, timeout } = value as { readonly interval?: unknown; readonly timeout?: unknown };
  duration(1)(`${name}.interval`, interval);
  if (timeout === undefined) return;
  const isAccepted = (milliseconds: number) => milliseconds >= 1 && milliseconds <= (interval as number);
  numberThat('a number of milliseconds from 1 to interval', isAccepted)(`${name}.timeout`, timeout);
}

function checkDeflate(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) flagOrObject(name, value);
  else if (!(value instanceof PerMessageDeflate)) checkOptions(value, DEFLATE, `${name}.`);
}
