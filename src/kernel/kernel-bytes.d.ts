// The shape of the generated module (assembly/build.mjs writes it to build/src/kernel/).

/** build/kernel.wasm in Base64. */
export declare const KERNEL_BASE64: string;
