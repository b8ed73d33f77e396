// The browser's face of a WebSocket: addEventListener, on… attributes and event objects, over an EventEmitter. It knows the
// four events by their arguments, and no connection.

import { type Data, toText } from './sendable.js';
import type { WebSocketEvents } from './websocket-events.js';
import { TypedEmitter } from './websocket-events.js';

/** Both sides have sent a Close frame. Symbols, as programs give their subclasses and sockets names of all kinds. @internal */
export const WAS_CLEAN: unique symbol = Symbol('wasClean');
/** The object, by its own type. @internal */
export const SELF: unique symbol = Symbol('self');

/** What `addEventListener` hands to listeners. */
export class Event<Target> {
  /** The name of the event, such as `message`. */
  readonly type: string;
  /** The WebSocket that it happened to. */
  readonly target: Target;

  constructor(type: string, target: Target) {
    this.type = type;
    this.target = target;
  }
}

/** A message came. */
export class MessageEvent<Target> extends Event<Target> {
  /** A string for a text message; for a binary one what `binaryType` says. */
  readonly data: Data;

  constructor(target: Target, data: Data) {
    super('message', target);
    this.data = data;
  }
}

/** The connection has ended. */
export class CloseEvent<Target> extends Event<Target> {
  /** 1005: the peer's Close frame had no code; 1006: there was none. */
  readonly code: number;
  /** The reason in the peer's Close frame; empty if it gave none. */
  readonly reason: string;
  /** Both sides have sent a Close frame. */
  readonly wasClean: boolean;

  constructor(target: Target, code: number, reason: string, wasClean: boolean) {
    super('close', target);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** Something went wrong; `close` follows. */
export class ErrorEvent<Target> extends Event<Target> {
  /** The error, as the `error` event has it. */
  readonly error: NodeJS.ErrnoException;
  /** The text of the error. */
  readonly message: string;

  constructor(target: Target, error: Error) {
    super('error', target);
    this.error = error;
    this.message = error.message;
  }
}

/** The events that there are listeners for, by name. */
export interface EventMap<Target> {
  /** The connection is open. */
  open: Event<Target>;
  /** A message has come. */
  message: MessageEvent<Target>;
  /** The connection has ended. */
  close: CloseEvent<Target>;
  /** Something went wrong; `close` follows. */
  error: ErrorEvent<Target>;
}

/** A function, or an object with a method `handleEvent`. */
export type EventHandler<E> = ((event: E) => void) | { handleEvent(event: E): void };

/** How `addEventListener` listens. */
export interface EventListenerOptions {
  /** Once only. */
  readonly once?: boolean | undefined;
}

/**
 * The type of `onopen` and the like. The function that a getter returns takes events of any target: otherwise no WebSocket would be
 * assignable to one of `@types/ws`.
 */
type Attribute<E> = ((event: E) => void) | null;

type EventName = keyof EventMap<unknown>;
type Emit = (...args: never[]) => void;
interface Origin {
  readonly handler: EventHandler<never>;
  /** Set by way of `onopen` and the like: there is one of each. */
  readonly isAttribute: boolean;
}
/** Of the functions that listen for others: for whom. */
const origins = new WeakMap<object, Origin>();

/** An EventEmitter that is listened to as an EventTarget too. `Self`: the class that extends it, for the events' targets. */
export abstract class EventTargetEmitter<Self> extends TypedEmitter<WebSocketEvents> {
  // See ws-shape.ts.
  /** `readyState` before the handshake is done. */
  declare static readonly CONNECTING: 0;
  /** `readyState` while messages can be sent. */
  declare static readonly OPEN: 1;
  /** `readyState` from the first Close frame on. */
  declare static readonly CLOSING: 2;
  /** `readyState` once the connection has ended. */
  declare static readonly CLOSED: 3;
  /** `readyState` before the handshake is done. */
  declare readonly CONNECTING: 0;
  /** `readyState` while messages can be sent. */
  declare readonly OPEN: 1;
  /** `readyState` from the first Close frame on. */
  declare readonly CLOSING: 2;
  /** `readyState` once the connection has ended. */
  declare readonly CLOSED: 3;

  /** @internal */
  abstract get [WAS_CLEAN](): boolean;
  /** @internal */
  abstract get [SELF](): Self;

  /** The listener that was assigned for `open`; null if there is none. */
  get onopen(): Attribute<Event<unknown>> {
    return this.#attribute('open');
  }
  /** Listens for `open` in the place of the one assigned before; null ends that. */
  set onopen(handler: Attribute<Event<Self>>) {
    this.#setAttribute('open', handler);
  }
  /** The listener that was assigned for `message`; null if there is none. */
  get onmessage(): Attribute<MessageEvent<unknown>> {
    return this.#attribute('message');
  }
  /** Listens for `message` in the place of the one assigned before; null ends that. */
  set onmessage(handler: Attribute<MessageEvent<Self>>) {
    this.#setAttribute('message', handler);
  }
  /** The listener that was assigned for `close`; null if there is none. */
  get onclose(): Attribute<CloseEvent<unknown>> {
    return this.#attribute('close');
  }
  /** Listens for `close` in the place of the one assigned before; null ends that. */
  set onclose(handler: Attribute<CloseEvent<Self>>) {
    this.#setAttribute('close', handler);
  }
  /** The listener that was assigned for `error`; null if there is none. */
  get onerror(): Attribute<ErrorEvent<unknown>> {
    return this.#attribute('error');
  }
  /** Listens for `error` in the place of the one assigned before; null ends that. */
  set onerror(handler: Attribute<ErrorEvent<Self>>) {
    this.#setAttribute('error', handler);
  }

  /** Listens as to an EventTarget: for `open`, `message`, `close` and `error`; for anything else it does nothing. */
  addEventListener<K extends keyof EventMap<Self>>(
    type: K,
    handler: EventHandler<EventMap<Self>[K]>,
    options?: EventListenerOptions,
  ): void {
    if (this.#find(type, (origin) => origin.handler === handler && !origin.isAttribute) !== undefined) return;
    this.#listen(type, handler, false, options?.once === true);
  }

  /** Ends what `addEventListener` began. */
  removeEventListener<K extends keyof EventMap<Self>>(type: K, handler: EventHandler<EventMap<Self>[K]>): void {
    const listener = this.#find(type, (origin) => origin.handler === handler && !origin.isAttribute);
    if (listener !== undefined) this.removeListener(type, listener);
  }

  #find(type: string, matches: (origin: Origin) => boolean): Emit | undefined {
    for (const listener of this.listeners(type)) {
      const origin = origins.get(listener);
      if (origin !== undefined && matches(origin)) return listener as Emit;
    }
    return undefined;
  }

  #attribute<E>(type: string): ((event: E) => void) | null {
    const listener = this.#find(type, ({ isAttribute }) => isAttribute);
    return listener === undefined ? null : (origins.get(listener)!.handler as (event: E) => void);
  }

  #setAttribute(type: EventName, handler: unknown): void {
    const old = this.#find(type, ({ isAttribute }) => isAttribute);
    if (old !== undefined) this.removeListener(type, old);
    if (typeof handler === 'function') this.#listen(type, handler as (event: never) => void, true, false);
  }

  #listen(type: EventName, handler: EventHandler<never>, isAttribute: boolean, once: boolean): void {
    const listener = this.#makeListener(type, handler);
    if (listener === undefined) return;
    origins.set(listener, { handler, isAttribute });
    if (once) this.once(type, listener);
    else this.on(type, listener);
  }

  /** What makes an event object of the arguments of an emitted event. */
  #makeListener(type: string, handler: EventHandler<never>): Emit | undefined {
    const self = this[SELF];
    const call = (event: Event<Self>) => {
      if (typeof handler === 'function') Reflect.apply(handler, self, [event]);
      else handler.handleEvent(event as never);
    };
    switch (type) {
      case 'open':
        return () => call(new Event('open', self));
      case 'message':
        return (data: Data, isBinary: boolean) => call(new MessageEvent(self, isBinary ? data : toText(data)));
      case 'close':
        return (code: number, reason: Buffer) => call(new CloseEvent(self, code, reason.toString(), this[WAS_CLEAN]));
      case 'error':
        return (error: Error) => call(new ErrorEvent(self, error));
      default:
        return undefined;
    }
  }
}
