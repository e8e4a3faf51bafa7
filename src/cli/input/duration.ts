import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;
/** Timers of Node take no more. */
const DURATION_MS_MAX = 2 ** 31 - 1;

/** "90" and "90s" -> 90,000 ms; "1h30m", "500ms". Otherwise what commander shows as a usage error. */
export const duration = (text: string): number => {
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : sumOf(text);
  if (ms === null || ms <= 0) throw new InvalidArgumentError('It must be a duration such as 30s, 5m, 1h30m or 500ms.');
  if (ms > DURATION_MS_MAX) throw new InvalidArgumentError('It must be at most 24 days.');
  return ms;
};

const sumOf = (text: string): number | null => {
  let total = 0;
  for (PART.lastIndex = 0; PART.lastIndex < text.length; ) {
    const [, amount, unit] = PART.exec(text) ?? [];
    if (amount === undefined || unit === undefined) return null;
    total += Number(amount) * (UNITS_MS[unit] ?? 0);
  }
  return total;
};
