/** The launch plan in the leading comment of a candidate's file. */
import { type Language, LAUNCHES_MAX, LaunchPlan } from '../domain/plan/plan.ts';
import { parseYaml, type YamlText } from './strict-yaml.ts';
import { BoundedMap } from '../platform/bounded-map.ts';

export const HEADER_BYTES_MAX = 16 * 1024;
/** Editors put it at the head of a file; it is not part of what they show. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/** `field` is `header` when there is none or it is no YAML; otherwise the plan's field. Messages name the line of the file. */
export type HeaderResult =
  | { readonly ok: true; readonly plan: LaunchPlan }
  | { readonly ok: false; readonly field: string; readonly message: string };

/**
 * Reads the plan: `/* kiln …` for cuda and c, a docstring that starts with `kiln` or a block of `# ` lines after `# kiln` for
 * triton. Only blank lines and other comments may stand before it. Never throws for what the source holds.
 */
export const parseHeader = (source: string, language: Language): HeaderResult => {
  if (language === 'python') return { ok: false, field: 'header', message: 'a program has no launch plan' };
  const text = source.replace(BYTE_ORDER_MARK, '');
  const found = language === 'triton' ? pythonHeader(text) : blockHeader(text);
  if (typeof found === 'string') return { ok: false, field: 'header', message: found };
  return found.text.length > HEADER_BYTES_MAX ? read(found) : readOnce(found);
};

/** 1.0 is no `int`. */
const ARGUMENTS = Array.from({ length: LAUNCHES_MAX }, (_, launch) => ['launch', launch, 'args']);

const read = (found: Found): HeaderResult => {
  const input = { ...found, bytesMax: HEADER_BYTES_MAX, wholeFloatsBelow: ARGUMENTS };
  const parsed = parseYaml(input, LaunchPlan, 'header');
  return parsed.ok ? { ok: true, plan: parsed.value } : parsed;
};

/** Every point of a sweep has the same header, read at submission and again for its device: YAML would be a quarter of the daemon's CPU. */
const readOnce = (found: Found): HeaderResult => {
  const key = `${found.firstLine}\n${found.text}`;
  const result = remembered.get(key) ?? read(found);
  remembered.set(key, result);
  return result;
};

/** At most HEADER_BYTES_MAX of text each. Nobody changes a plan once it is parsed. */
const REMEMBERED_MAX = 512;
const remembered = new BoundedMap<string, HeaderResult>(REMEMBERED_MAX);

type Found = Pick<YamlText, 'text' | 'firstLine'>;

const C_MISSING = 'no launch plan: the file must start with a comment "/* kiln", the plan as YAML, then "*/"';
const PYTHON_MISSING =
  'no launch plan: the file must start with """kiln, the plan as YAML, then """ (or a block of # lines after "# kiln")';

/** Blank space, `// …` lines and block comments that are not ours. */
const C_LEAD = /(?:\s+|\/\/[^\n]*(?:\n|$)|\/\*(?!\s*kiln\s)[\s\S]*?\*\/)*/y;
const C_OPEN = /\/\*\s*kiln(?=\s)/y;

const blockHeader = (source: string): Found | string => {
  C_LEAD.lastIndex = 0;
  C_OPEN.lastIndex = C_LEAD.exec(source)?.[0].length ?? 0;
  const open = C_OPEN.exec(source);
  if (!open) return C_MISSING;
  const end = source.indexOf('*/', C_OPEN.lastIndex);
  if (end < 0) return `line ${lineOf(source, open.index)}: the launch plan's comment is not closed with "*/"`;
  return { text: withoutStars(source.slice(C_OPEN.lastIndex, end)), firstLine: lineOf(source, C_OPEN.lastIndex) };
};

/** Editors put ` * ` before each line of a comment; taken away only where every line has it. */
const withoutStars = (text: string): string => {
  const [first = '', ...rest] = text.split('\n');
  const starred = rest.every((line) => /^\s*(\*|$)/.test(line)) && rest.some((line) => line.trim() !== '');
  return starred ? [first, ...rest.map((line) => line.replace(/^\s*\* ?/, ''))].join('\n') : text;
};

const PYTHON_LEAD = /(?:[ \t]*\r?\n|#(?![ \t]*kiln[ \t]*\r?\n)[^\n]*\n)*/y;
const PYTHON_DOCSTRING = /[rR]?("""|''')\s*kiln(?=\s)/y;
const PYTHON_COMMENT = /#[ \t]*kiln[ \t]*\r?\n((?:#[^\n]*(?:\n|$))+)/y;

const pythonHeader = (source: string): Found | string => {
  PYTHON_LEAD.lastIndex = 0;
  const start = PYTHON_LEAD.exec(source)?.[0].length ?? 0;
  PYTHON_COMMENT.lastIndex = start;
  const comment = PYTHON_COMMENT.exec(source)?.[1];
  if (comment !== undefined) return { text: comment.replaceAll(/^# ?/gm, ''), firstLine: lineOf(source, start) + 1 };
  PYTHON_DOCSTRING.lastIndex = start;
  const quote = PYTHON_DOCSTRING.exec(source)?.[1];
  if (quote === undefined) return PYTHON_MISSING;
  const from = PYTHON_DOCSTRING.lastIndex;
  const end = source.indexOf(quote, from);
  if (end < 0) return `line ${lineOf(source, start)}: the launch plan's docstring is not closed with ${quote}`;
  return { text: source.slice(from, end), firstLine: lineOf(source, from) };
};

const lineOf = (source: string, offset: number): number => source.slice(0, offset).split('\n').length;
