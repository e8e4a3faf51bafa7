/**
 * JSON that Postgres accepts. jsonb refuses U+0000 and lone surrogates, and both occur in what candidates and their compilers write:
 * such characters become U+FFFD. Sources do not pass through here; they are kept byte for byte.
 */
const REFUSED = /\\u(?:0000|d[89a-f])/i;

export const toJson = (value: unknown): string => {
  const json = JSON.stringify(value);
  return json.includes('\\u') && REFUSED.test(json)
    ? JSON.stringify(value, (_key, item: unknown) => (isPlainObject(item) ? cleanKeys(item) : clean(item)))
    : json;
};

const clean = (item: unknown): unknown => (typeof item === 'string' ? cleanText(item) : item);

const cleanText = (text: string): string => text.replaceAll('\0', '\u{FFFD}').toWellFormed();

const isPlainObject = (item: unknown): item is Record<string, unknown> =>
  typeof item === 'object' && item !== null && !Array.isArray(item);

const cleanKeys = (item: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).map(([key, value]) => [cleanText(key), value]));
