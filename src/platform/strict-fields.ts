import { z } from 'zod';

/** A strict object whose complaint about unknown fields lists the known ones. */
export const strictFields = <S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `unknown field; known are ${Object.keys(shape).join(', ')}` : undefined,
  });
