// What workerd, and the bundlers that build for it, make of an import of a `.wasm` file.

declare module '*.wasm' {
  const module: import('../kernel/wasm/wasm.js').CompiledModule;
  export default module;
}
