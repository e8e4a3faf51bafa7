import { KilnError } from '../domain/errors.ts';

interface Sent {
  readonly source: string;
  readonly files?: Readonly<Record<string, string>> | undefined;
}

/** Throws SOURCE_TOO_LARGE naming the field. Bytes are those of UTF-8, of the source and the files that it includes. */
export const checkSourceSize = ({ source, files = {} }: Sent, field: string, bytesMax: number): void => {
  const bytes = [source, ...Object.values(files)].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= bytesMax) return;
  throw new KilnError(
    'SOURCE_TOO_LARGE',
    `${field}: ${bytes} bytes, the limit is ${bytesMax}: shorten it, or raise limits.sourceBytes`,
    {
      details: { field, bytes, bytesMax },
    },
  );
};
