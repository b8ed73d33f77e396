// How WebSockets and servers are shown by `util.inspect` and `console.log`: their state, and what a program has put on them.

import { type InspectOptions, inspect } from 'node:util';

/** The key of the method that `util.inspect` calls. */
export const INSPECT: typeof inspect.custom = inspect.custom;

/** Where EventEmitter keeps its own state. */
const HIDDEN: ReadonlySet<string> = new Set(['_events', '_eventsCount', '_maxListeners', 'options', 'clients', 'path']);

/** @param state what is shown of an object, before its own properties */
export function showState(
  target: object,
  state: Readonly<Record<string, unknown>>,
  depth: number,
  options: InspectOptions,
): string {
  const { name } = target.constructor;
  if (depth < 0) return `[${name}]`;
  const own = Object.entries(target).filter(([key]) => !HIDDEN.has(key));
  const known = Object.entries(state).filter(([, value]) => value !== undefined && value !== '');
  return `${name} ${inspect(Object.fromEntries([...known, ...own]), { ...options, depth })}`;
}
