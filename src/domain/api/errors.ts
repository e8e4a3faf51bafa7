import { z } from 'zod';
import { ERRORS, isErrorCode } from '../errors.ts';

export const ErrorCodeSchema = z.enum(Object.keys(ERRORS).filter(isErrorCode));

/** Every answer with a status of 400 and above. `requestId` finds the request in the daemon's log. */
export const ErrorBody = z.strictObject({
  code: ErrorCodeSchema,
  message: z.string(),
  /** Machine-readable facts: field paths, limits, ids. */
  details: z.record(z.string(), z.unknown()).optional(),
  requestId: z.string(),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

/** The failures that every endpoint may answer with. */
export const FAILURES = { '4xx': ErrorBody, '5xx': ErrorBody } as const;
