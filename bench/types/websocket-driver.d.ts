// What websocket-driver exports, which brings no types: only what the benchmark calls.

declare module 'websocket-driver' {
  /** The side of the socket, and the side of the user. */
  interface DriverStream<Item> {
    write(item: Item): boolean;
    on(event: 'data', listener: (item: Item) => void): this;
  }

  export interface Driver {
    readonly io: DriverStream<Buffer>;
    readonly messages: DriverStream<Buffer | string>;
    on(event: 'error', listener: (error: Error) => void): this;
    start(): boolean;
    text(message: string): boolean;
    binary(message: Buffer): boolean;
  }

  export interface DriverRequest {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly connection: object;
  }

  const websocketDriver: { http(request: DriverRequest): Driver };
  export default websocketDriver;
}
