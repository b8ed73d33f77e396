// The shape of the generated module (assembly/build.mjs writes it to build/src/kernel/wasm/).

/** build/kernel.wasm as text: see module-text.ts. */
export declare const KERNEL_TEXT: string;
