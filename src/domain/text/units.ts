/** Numbers as people read them: three significant digits and a unit. */

const NS_UNITS = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'µs', ns: 1e3 },
  { unit: 'ns', ns: 1 },
] as const;

/** 73_000 -> "73.0 µs" */
export const nanoseconds = (ns: number): string => {
  // Rounded first, so that 999.96 µs is 1.00 ms and not "1000 µs".
  const rounded = Number(ns.toPrecision(3));
  const { unit, ns: size } = NS_UNITS.find((candidate) => rounded >= candidate.ns) ?? NS_UNITS[3];
  return `${significant(rounded / size)} ${unit}`;
};

const significant = (value: number): string => {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3));
};

export const milliseconds = (ms: number): string => nanoseconds(ms * 1e6);

/** 0 -> "0 s", 4.2 -> "4.2 s", 90 -> "1 min 30 s", 7260 -> "2 h 1 min" */
export const seconds = (value: number): string => {
  if (value === 0) return '0 s';
  if (value < 60) return value < 1 ? milliseconds(value * 1000) : `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** 1.5 -> "1.50x" */
export const times = (ratio: number): string => `${ratio >= 100 ? ratio.toFixed(0) : ratio.toFixed(ratio >= 10 ? 1 : 2)}x`;

/** A 95 % interval of a ratio: "[1.48, 1.52]" */
export const interval = (low: number, high: number): string => `[${low.toFixed(2)}, ${high.toFixed(2)}]`;

/** 0.5 -> "50 %" */
export const percent = (share: number): string => `${share < 0.0995 ? (share * 100).toFixed(1) : (share * 100).toFixed(0)} %`;

export const bytes = (count: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  return `${power === 0 ? count : significant(count / 1024 ** power)} ${units[power] ?? 'B'}`;
};

/** 0.0312 -> "$0.0312", 12.5 -> "$12.50" */
export const dollars = (usd: number): string => `$${usd.toFixed(usd > 0 && usd < 1 ? 4 : 2)}`;

/** 1234567 -> "1,234,567" */
export const grouped = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
