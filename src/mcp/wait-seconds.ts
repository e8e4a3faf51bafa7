import { z } from 'zod';
import { WAIT_SECONDS_MAX } from '../domain/api/limits.ts';

/** Below the minute after which clients give a call up. */
const WAIT_SECONDS_DEFAULT = 45;

export const WaitSeconds = z
  .int()
  .min(0)
  .max(WAIT_SECONDS_MAX)
  .default(WAIT_SECONDS_DEFAULT)
  .describe('wait so long; most clients give a call up after 60');
