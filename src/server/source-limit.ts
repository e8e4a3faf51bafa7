import { KilnError } from '../domain/errors.ts';

/** Throws SOURCE_TOO_LARGE naming the field. Bytes are those of UTF-8. */
export const checkSourceSize = (source: string, field: string, bytesMax: number): void => {
  const bytes = Buffer.byteLength(source);
  if (bytes <= bytesMax) return;
  throw new KilnError(
    'SOURCE_TOO_LARGE',
    `${field}: ${bytes} bytes, the limit is ${bytesMax}: shorten it, or raise limits.sourceBytes`,
    {
      details: { field, bytes, bytesMax },
    },
  );
};
