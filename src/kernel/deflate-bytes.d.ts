// The shape of the generated module (assembly/build.mjs writes it to build/src/kernel/).

/** build/deflate.wasm in Base64. */
export declare const DEFLATE_BASE64: string;
