// The little of WebAssembly's types that the benchmark needs: without the DOM's types there are none.

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
}
