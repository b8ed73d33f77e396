// The part of `ws` that bundles for browsers get, as in `ws` itself: importing it is harmless, calling it throws.

module.exports = () => {
  throw new Error('ws does not work in the browser: use the WebSocket of the browser, or wsimd/web');
};
