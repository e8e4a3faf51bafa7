/**
 * JSON objects as models write them, within any text: with raw line breaks in strings, commas before a closing bracket, comments, and strings
 * between other quotes. Each is repaired to JSON proper and parsed; what was cut off is not made whole, since half of a source is none.
 */

export interface FoundObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly start: number;
  readonly end: number;
}

/** Objects that are tried; text with more braces than this that look like JSON is none. */
const TRIES_MAX = 400;
/** Each that has no end costs the whole text. */
const UNENDED_MAX = 3;

/** The outermost objects that `wanted` accepts, in order. Where an outer one is not wanted, its inner ones are looked at. */
export const objectsIn = (text: string, wanted: (value: FoundObject['value']) => boolean): readonly FoundObject[] => {
  const found: FoundObject[] = [];
  let [tries, unended] = [0, 0];
  for (let at = text.indexOf('{'); at >= 0 && tries < TRIES_MAX && unended < UNENDED_MAX; ) {
    const scanned = LOOKS_LIKE_OBJECT.test(text.slice(at, at + LOOK_CHARS)) ? scan(text, at) : null;
    if (scanned !== null) tries += 1;
    if (scanned?.end === null) unended += 1;
    const value = scanned === null || scanned.end === null ? null : objectOf(scanned.json);
    const isWanted = value !== null && wanted(value);
    if (isWanted) found.push({ value, start: at, end: scanned?.end ?? at });
    at = text.indexOf('{', isWanted ? (scanned?.end ?? at + 1) : at + 1);
  }
  return found;
};

const LOOK_CHARS = 200;
const LOOKS_LIKE_OBJECT = /^\{(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:["'`]|\}|$)/u;

const objectOf = (json: string): FoundObject['value'] | null => {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

interface Scanned {
  readonly json: string;
  /** After the closing brace; null where the text ends before it. */
  readonly end: number | null;
}

const TOKEN = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[{}[\],:]|[^\s{}[\],:"'`/]+|\//uy;
const LITERALS: Readonly<Record<string, string>> = { None: 'null', undefined: 'null', True: 'true', False: 'false' };

/** Null where brackets do not match: it is no JSON. */
const scan = (text: string, start: number): Scanned | null => {
  const parts: string[] = [];
  const open: string[] = [];
  for (let at = start; at < text.length; ) {
    const quoted = stringAt(text, at);
    if (quoted !== null) {
      if (quoted.end === null) return { json: '', end: null };
      parts.push(quoted.json);
      at = quoted.end;
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return null;
    at += token.length;
    if (/^(?:\s|\/[/*])/u.test(token)) continue;
    if (token === '{' || token === '[') open.push(token);
    if (token === '}' || token === ']') {
      if (open.pop() !== (token === '}' ? '{' : '[')) return null;
      if (parts.at(-1) === ',') parts.pop();
    }
    parts.push(LITERALS[token] ?? token);
    if (open.length === 0) return { json: parts.join(''), end: at };
  }
  return { json: '', end: null };
};

// oxlint-disable-next-line no-control-regex
const PLAIN = /[^\u0000-\u001f\\"'`]+/uy;
const QUOTES = ['"""', "'''", '"', "'", '`'] as const;

/** Null where no string begins; a null end where it does not end. */
const stringAt = (text: string, start: number): Scanned | null => {
  const quote = QUOTES.find(
    (mark) => text.startsWith(mark, start) && !(mark.length === 1 && text.startsWith(mark.repeat(3), start)),
  );
  if (quote === undefined) return null;
  const parts: string[] = [];
  for (let at = start + quote.length; at < text.length; ) {
    if (text.startsWith(quote, at)) return { json: `"${parts.join('')}"`, end: at + quote.length };
    PLAIN.lastIndex = at;
    const plain = PLAIN.exec(text)?.[0];
    if (plain !== undefined) {
      parts.push(plain);
      at += plain.length;
      continue;
    }
    const isEscape = text[at] === '\\';
    parts.push(isEscape ? escapeOf(text.slice(at, at + ESCAPE_CHARS)) : rawOf(text[at] ?? ''));
    at += isEscape ? escapeLength(text, at) : 1;
  }
  return { json: '', end: null };
};

const ESCAPE_CHARS = 6;
const VALID_ESCAPE = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/u;
const escapeLength = (text: string, at: number): number => VALID_ESCAPE.exec(text.slice(at, at + ESCAPE_CHARS))?.[0].length ?? 2;

/** What is no escape of JSON was meant as it stands, such as the line continuation of a macro, or "\0" of C. */
const escapeOf = (text: string): string => {
  const valid = VALID_ESCAPE.exec(text)?.[0];
  if (valid !== undefined) return valid;
  const next = text[1] ?? '';
  return next === "'" || next === '`' ? next : `\\\\${rawOf(next)}`;
};

const rawOf = (sign: string): string => {
  if (sign === '"') return String.raw`\"`;
  return sign < ' ' ? JSON.stringify(sign).slice(1, -1) : sign;
};
