// An EventEmitter whose listeners have the types of its events. It adds nothing but types.

import { EventEmitter } from 'node:events';

type Listener<This, Args extends unknown[]> = (this: This, ...args: Args) => void;

/** `Events`: the arguments of each event, by name. Others may be emitted too; their listeners say what they take. */
export interface TypedEmitter<Events extends { [K in keyof Events]: unknown[] }> {
  on<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  on(event: string | symbol, listener: Listener<this, never[]>): this;
  once<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  once(event: string | symbol, listener: Listener<this, never[]>): this;
  off<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  off(event: string | symbol, listener: Listener<this, never[]>): this;
  addListener<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  addListener(event: string | symbol, listener: Listener<this, never[]>): this;
  removeListener<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  removeListener(event: string | symbol, listener: Listener<this, never[]>): this;
  prependListener<K extends keyof Events>(event: K, listener: Listener<this, Events[K]>): this;
  prependListener(event: string | symbol, listener: Listener<this, never[]>): this;
}

// biome-ignore lint/correctness/noUnusedVariables: the interface, which has to have the same parameters, uses it
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are there, in EventEmitter; only types are declared
export class TypedEmitter<Events extends { [K in keyof Events]: unknown[] }> extends EventEmitter {}
