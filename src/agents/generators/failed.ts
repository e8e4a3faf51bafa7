import type { GenerationFailure, Usage } from '../../domain/campaign/campaign.ts';
import { plainLine } from '../../platform/printable-text.ts';
import type { Failure } from '../generator.ts';

const MESSAGE_CHARS_MAX = 600;

/** An answer without a candidate. Services repeat what they were sent: the message is cleaned and cut. */
export const failed = (failure: GenerationFailure, message: string, usage: Usage): Failure => ({
  ok: false,
  failure,
  message: plainLine(message.toWellFormed(), MESSAGE_CHARS_MAX),
  usage,
});
