import { z } from 'zod';

/** Text that every part can hold: databases refuse NUL, compilers stop at it, and half of a surrogate pair is no UTF-8. */
export const PlainText = z
  .string()
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must be text without NUL characters and broken Unicode');
