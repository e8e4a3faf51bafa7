/** Share links, as the API takes and tells them. */
import { z } from 'zod';
import { Share } from '../share.ts';
import { PlainText } from '../plain-text.ts';

export const SHARE_DAYS_MAX = 365;
export const SHARE_DAYS_DEFAULT = 7;

export const CreateShare = z.strictObject({
  /** A page of the dashboard with what is chosen on it: "/problems/softmax?device=H100&language=triton". */
  page: z.string().min(2).max(2000),
  days: z.int().min(1).max(SHARE_DAYS_MAX).default(SHARE_DAYS_DEFAULT),
  note: PlainText.max(200).default(''),
});
export type CreateShare = z.input<typeof CreateShare>;

/** `path`: what to append to the daemon's address. It holds the secret and is told this once. */
export const ShareCreated = Share.extend({ path: z.string() });
export type ShareCreated = z.infer<typeof ShareCreated>;
export const ShareList = z.strictObject({ shares: z.array(Share) });
export type ShareList = z.infer<typeof ShareList>;
