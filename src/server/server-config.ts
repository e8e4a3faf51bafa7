export interface ServerConfig {
  readonly port: number;
  readonly token: string | null;
  readonly limits: {
    /** Bytes of one source (UTF-8). */
    readonly sourceBytes: number;
    /** Candidates of one request. */
    readonly batch: number;
  };
}
