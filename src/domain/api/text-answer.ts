import { z } from 'zod';

/** An answer that is no JSON. */
export const textAnswer = (contentType: string) => ({ content: { [contentType]: { schema: z.string() } } });
