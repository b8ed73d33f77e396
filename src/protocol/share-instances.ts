// `instanceof` across copies of wsimd: a program that both imports `wsimd/node` and requires it has two, one of ES modules and one of
// CommonJS. Objects of one are then instances of the same class of the other.

/**
 * Makes `instanceof Class` true for instances of the class that has this name in another copy of wsimd. Classes that extend it
 * are not affected: what is an instance of one of these is so by its prototype.
 *
 * @param name what the class is called in every copy
 */
export function shareInstances(Class: { readonly prototype: object }, name: string): void {
  const brand = Symbol.for(`wsimd.${name}`);
  Object.defineProperty(Class.prototype, brand, { value: true });
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== Class) return Function.prototype[Symbol.hasInstance].call(this as () => void, value);
      if (typeof value !== 'object' || value === null) return false;
      const prototype: unknown = Object.getPrototypeOf(value);
      return typeof prototype === 'object' && prototype !== null && brand in prototype;
    },
  });
}
