/**
 * Files that a candidate's source includes, put where it includes them: what is hashed, stored, compiled and shown is one text. `#line` keeps their names
 * and lines for the compiler's messages. Pure.
 */
import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import { KilnError } from '../domain/errors.ts';
import { type Files, pathOf } from '../domain/includes.ts';
import type { Language } from '../domain/plan/plan.ts';

/** A file that is included again stands there again: so much more than what was given. */
const GROWTH = 4;
const GROWTH_BYTES = 64 * 1024;
const MAIN: Readonly<Partial<Record<Language, string>>> = { cuda: 'candidate.cu', c: 'candidate.c' };

interface Given {
  readonly source: string;
  readonly language: Language;
  readonly files?: Files | undefined;
}

/** The one text of what was submitted. Throws INVALID_REQUEST naming the field. */
export const sourceOf = ({ source, language, files = {} }: Given): string => {
  const texts = Object.values(files);
  if (texts.length === 0) return source;
  const main = MAIN[language];
  if (main === undefined) throw invalid('files', `only cuda and c include files; ${language} does not`);
  const given = [source, ...texts].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return mergeFiles({ source, files, main, bytesMax: GROWTH * given + GROWTH_BYTES });
};

export interface Merging {
  readonly source: string;
  readonly files: Files;
  /** What compilers call the source itself. */
  readonly main: string;
  readonly bytesMax: number;
}

/** Of a file that includes another twice, which includes another twice, … */
const INCLUDES_MAX = 256;
const ONCE = /^[ \t]*#[ \t]*pragma[ \t]+once\b[^\n]*$/mu;

/** Throws INVALID_REQUEST naming the file. Includes of what is no file among them stay as they are: headers of the tool chain. */
export const mergeFiles = ({ source, files, main, bytesMax }: Merging): string => {
  const paths = Object.keys(files);
  const included = new Set<string>();
  let [bytes, includes] = [0, 0];

  const count = (text: string): string => {
    bytes += Buffer.byteLength(text);
    if (bytes > bytesMax) throw invalid('files', `more than ${bytesMax} bytes once they stand where they are included`);
    return text;
  };

  const expand = (text: string, { name, folder, within }: Place): string =>
    text
      .split('\n')
      .map((line, at) => {
        const path = pathOf(line, folder, (asked) => Object.hasOwn(files, asked));
        if (path === undefined) return count(`${line}\n`);
        return `${fileAt(path, within)}\n${count(`#line ${at + 2} "${name}"\n`)}`;
      })
      .join('')
      .slice(0, -1);

  const fileAt = (path: string, within: readonly string[]): string => {
    if (within.includes(path)) throw invalid(`files.${path}`, `it includes itself: ${[...within, path].join(', ')}`);
    includes += 1;
    if (includes > INCLUDES_MAX) throw invalid('files', `more than ${INCLUDES_MAX} includes`);
    included.add(path);
    const name = posix.basename(path);
    const place = { name, folder: posix.dirname(path), within: [...within, path] };
    const text = files[path] ?? '';
    const body = `#line 1 "${name}"\n${expand(text.replace(ONCE, ''), place)}\n`;
    const guard = `KILN_FILE_${paths.indexOf(path)}`;
    return ONCE.test(text) ? `#ifndef ${guard}\n#define ${guard}\n${body}#endif\n` : body;
  };

  const merged = expand(source, { name: main, folder: '.', within: [] });
  const unused = paths.find((path) => !included.has(path));
  if (unused !== undefined) throw invalid(`files.${unused}`, `nothing includes it: #include "${unused}"`);
  return merged;
};

interface Place {
  readonly name: string;
  readonly folder: string;
  /** The files that lead here. */
  readonly within: readonly string[];
}

const invalid = (field: string, message: string): KilnError =>
  new KilnError('INVALID_REQUEST', `${field}: ${message}`, { details: { field } });
