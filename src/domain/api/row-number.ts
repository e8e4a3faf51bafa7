import { z } from 'zod';

/** In a query: of rows that a sweep or a campaign counts. The store holds such numbers in 32 bits, and cannot be asked for larger ones. */
export const RowNumber = z.coerce
  .number()
  .int()
  .max(2 ** 31 - 1);
