// The shape of the generated module (assembly/build.mjs writes it to build/src/deflate/kernel/).

/** build/deflate.wasm as text: see module-text.ts. */
export declare const DEFLATE_TEXT: string;
