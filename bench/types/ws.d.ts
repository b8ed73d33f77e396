// What `ws` exports beside its public types: the two halves of its codec, and its compression. Only what the peers of the benchmark call.

declare module 'ws' {
  export interface ReceiverOptions {
    readonly allowSynchronousEvents: boolean;
    readonly binaryType: 'nodebuffer';
    readonly extensions: object;
    readonly isServer: boolean;
    readonly maxBufferedChunks: number;
    readonly maxFragments: number;
    readonly maxPayload: number;
    readonly skipUTF8Validation: boolean;
  }

  export class Receiver {
    constructor(options: ReceiverOptions);
    write(chunk: Buffer): boolean;
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  export interface FrameOptions {
    readonly fin: boolean;
    readonly rsv1: boolean;
    readonly opcode: number;
    readonly mask: boolean;
    readonly readOnly: boolean;
  }

  export interface SendOptions {
    readonly binary: boolean;
    readonly compress: boolean;
    readonly fin: boolean;
    readonly mask: boolean;
  }

  /** What a Sender needs of a socket. */
  export interface SenderSocket {
    cork(): void;
    uncork(): void;
    write(data: Buffer | string): void;
  }

  type Compressed = (error: Error | null, result: Buffer) => void;

  export class PerMessageDeflate {
    constructor(options: { readonly isServer: boolean });
    accept(offers: readonly Readonly<Record<string, readonly (string | true)[]>>[]): object;
    compress(data: Buffer, fin: boolean, callback: Compressed): void;
    decompress(data: Buffer, fin: boolean, callback: Compressed): void;
    cleanup(): void;
  }

  export class Sender {
    constructor(socket: SenderSocket);
    send(data: Buffer | string, options: SendOptions): void;
    static frame(data: Buffer | string, options: FrameOptions): Buffer[];
  }
}

export {};
