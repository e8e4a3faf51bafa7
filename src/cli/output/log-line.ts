/** A line of the daemon's log for people: "09:14:02 warn host not connected host=gone reason=connection refused". */
import { plainLine } from '../../platform/printable-text.ts';

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const ALWAYS_THE_SAME: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'msg']);
const LINE_CHARS_MAX = 2000;

/** `json` is what pino writes. Anything else is passed on as it is. */
export const logLine = (json: string): string => {
  const entry = parsed(json);
  if (entry === null) return plainLine(json, LINE_CHARS_MAX);
  const time = new Date(Number(entry['time'])).toTimeString().slice(0, 8);
  const level = LEVELS[Number(entry['level'])] ?? '';
  const facts = Object.entries(entry).filter(([name]) => !ALWAYS_THE_SAME.has(name));
  const shown = facts.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return plainLine([`${time} ${level} ${textOf(entry['msg'])}`, ...shown].join(' '), LINE_CHARS_MAX);
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const parsed = (json: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};
