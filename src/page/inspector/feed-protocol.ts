// Where the server of `wsimd proxy --feed` has what the page needs.

/** The page. `wsimd serve` has it too, without the rest. */
export const INSPECTOR_PATH = '/inspector.html';
/** The feed, a WebSocket. */
export const FEED_PATH = '/feed';
/** Says where the proxy listens; 204 where there is none. */
export const PROXY_PATH = '/proxy.json';

/** What PROXY_PATH says. */
export interface ProxyPlace {
  /** Its URL, `ws:`. */
  readonly proxy: string;
}
