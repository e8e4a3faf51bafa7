import { z } from 'zod';

/** A failure that is not the candidate's. The daemon retries elsewhere. */
export const InfraFailure = z.strictObject({
  code: z.enum([
    'unknown_problem',
    'unknown_artifact',
    'reference_failed',
    'baseline_failed',
    /** The problem cannot tell right from wrong, on any host: no other attempt is made. */
    'problem_refused',
    'device_lost',
    'compiler_missing',
    'out_of_memory',
    'out_of_disk',
    'worker_died',
    'lease_expired',
    /** Somebody holds the device's lock and does not let it go. */
    'device_locked',
    /** What worked on it was stopped, frozen, or left without a processor. */
    'suspended',
    /** The compiler ended without a word about the source: killed, or out of memory. */
    'compiler_failed',
    /** The compiler lacks a header that belongs to it. */
    'toolchain_incomplete',
    /** The environment of a program is not on the host any more. */
    'environment_missing',
    /** Two recordings of a pair have other memory at one address: the record holder is recorded anew for it. */
    'addresses_clash',
    /** Of two programs that answer, the record holder's failed, or one of them held the device while others were timed. */
    'pair_failed',
    'internal',
  ]),
  message: z.string(),
});
export type InfraFailure = z.infer<typeof InfraFailure>;
