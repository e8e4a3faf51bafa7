/** Where the daemon listens, as `config/kiln.yaml` says it. */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { strictFields } from '../platform/strict-fields.ts';

const TOKEN_CHARS_MIN = 16;

export const Count = (min: number, max: number): z.ZodInt => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, error).max(max, error);
};
/** Sockets are bound to "::1"; URLs, and so people, write "[::1]". */
const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

export const Server = strictFields({
  host: z
    .string({ error: 'must be an address to listen on' })
    .min(1)
    .max(255)
    .transform(withoutBrackets)
    .refine(
      (host) => isIPv6(host) || !/[:[\]]/.test(host),
      'must be an address or a name alone, such as 127.0.0.1 or ::1; the port goes into port',
    )
    .default('127.0.0.1'),
  /** 0: any free port. */
  port: Count(0, 65_535).default(7070),
  token: z
    .string({ error: 'must be text' })
    .min(TOKEN_CHARS_MIN, `must have at least ${TOKEN_CHARS_MIN} characters; make one with: openssl rand -hex 32`)
    .max(4096)
    .optional(),
});
