/**
 * Blocks of data within a prompt. What candidates made (sources, ideas, logs) is written by others and may try to look like instructions:
 * it stands between two marks that hold a nonce which no text inside can hold, so that nothing inside can end its block, and what is
 * outside does not depend on it, byte by byte.
 */
import { createHash } from 'node:crypto';
import { plainText } from '../../platform/printable-text.ts';

const NONCE_CHARS = 16;
/** Of one block: more is cut from the middle, where sources and logs say least. */
export const BLOCK_CHARS_MAX = 48_000;

export interface Fence {
  readonly nonce: string;
  /** `label` is ours and must not depend on the text. */
  block(label: string, text: string): string;
}

/** The same seed gives the same marks. */
export const createFence = (seed: number): Fence => {
  const nonce = createHash('sha256').update(`kiln data block ${seed}`).digest('hex').slice(0, NONCE_CHARS);
  // Who guessed the seed could write the mark: broken apart, it is none.
  const mark = new RegExp(nonce, 'giu');
  const contained = (text: string): string => shortened(plainText(text)).replaceAll(mark, 'x'.repeat(NONCE_CHARS)).trimEnd();
  return {
    nonce,
    block: (label, text) => `<data-${nonce} what="${label}">\n${contained(text)}\n</data-${nonce}>`,
  };
};

const shortened = (text: string): string => {
  if (text.length <= BLOCK_CHARS_MAX) return text.toWellFormed();
  const half = Math.floor(BLOCK_CHARS_MAX / 2);
  const cut = text.length - 2 * half;
  return `${text.slice(0, half)}\n[... ${cut} characters left out ...]\n${text.slice(-half)}`.toWellFormed();
};
