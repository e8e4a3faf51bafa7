export interface ServerConfig {
  /** The address it will be bound to: without a token, a loopback one has more checks. */
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  readonly limits: {
    /** Bytes of one source (UTF-8). */
    readonly sourceBytes: number;
    /** Candidates of one request. */
    readonly batch: number;
  };
}
