/** Every failure Kiln raises on purpose: its HTTP status and whether the same call may succeed later. `docs/errors.md` lists them. */
export const ERRORS = {
  INVALID_REQUEST: { status: 400, retryable: false },
  INVALID_CONFIG: { status: 500, retryable: false },
  INVALID_FLEET: { status: 422, retryable: false },
  INVALID_PROBLEM: { status: 500, retryable: false },
  UNAUTHORIZED: { status: 401, retryable: false },
  TOO_MANY_WRONG_TOKENS: { status: 429, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  UNKNOWN_PROBLEM: { status: 422, retryable: false },
  UNKNOWN_DEVICE: { status: 422, retryable: false },
  SOURCE_TOO_LARGE: { status: 413, retryable: false },
  BATCH_TOO_LARGE: { status: 413, retryable: false },
  UNSUPPORTED_LANGUAGE: { status: 422, retryable: false },
  UNKNOWN_GENERATOR: { status: 422, retryable: false },
  ALREADY_DONE: { status: 409, retryable: false },
  AMBIGUOUS_ID: { status: 409, retryable: false },
  CAMPAIGN_ENDED: { status: 409, retryable: false },
  WORK_REFUSED: { status: 422, retryable: false },
  HOST_NOT_CONNECTED: { status: 409, retryable: true },
  ALREADY_BOOKED: { status: 409, retryable: false },
  DEVICE_NOT_LENT: { status: 409, retryable: true },
  SWEEP_ENDED: { status: 409, retryable: false },
  QUEUE_FULL: { status: 429, retryable: true },
  TOO_MANY_QUEUED: { status: 429, retryable: true },
  TOO_MANY_STREAMS: { status: 429, retryable: true },
  STOPPING: { status: 503, retryable: true },
  STORE_UNAVAILABLE: { status: 503, retryable: true },
  QUEUE_UNAVAILABLE: { status: 503, retryable: true },
  QUEUE_OWNED_ELSEWHERE: { status: 503, retryable: false },
  STORE_IN_USE: { status: 503, retryable: false },
  ADDRESS_UNAVAILABLE: { status: 503, retryable: false },
  DATA_DIR_LOCKED: { status: 503, retryable: false },
  HOST_UNREACHABLE: { status: 503, retryable: true },
  HOST_KEY_MISMATCH: { status: 503, retryable: false },
  HOST_AUTH_REFUSED: { status: 503, retryable: false },
  HOST_TOOL_MISSING: { status: 503, retryable: false },
  PROTOCOL_ERROR: { status: 500, retryable: true },
  ILLEGAL_TRANSITION: { status: 500, retryable: false },
  DAEMON_UNREACHABLE: { status: 503, retryable: true },
  INTERNAL: { status: 500, retryable: false },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Machine-readable facts: ids, field paths, limits. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one class of unexpected failure. `message` says what happened, with which ids, and what to do. */
export class KilnError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KilnError';
    this.code = code;
    this.details = options.details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof KilnError && error.code === 'NOT_FOUND';

/** Null of what is not there; any other failure stays one. */
export const foundOrNull = async <T>(ask: () => Promise<T>): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
};

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** What a host refused, in its own words; under a code that this daemon does not know: WORK_REFUSED. */
export const errorOfHost = ({ code, message }: { readonly code: string; readonly message: string }): KilnError =>
  new KilnError(isErrorCode(code) ? code : 'WORK_REFUSED', message);
