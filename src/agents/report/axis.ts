/** Axes of a plot: round ticks, and where a value stands between them. */
export interface Axis {
  readonly ticks: readonly number[];
  /** 0 at the start of the axis, 1 at its end. */
  place(value: number): number;
}

const TICKS_MIN = 4;
const DOUBLINGS_SHOWN_MAX = 8;
const STEPS = [1, 2, 2.5, 5, 10] as const;

/** From 0 to a round number at or above `top`. */
export const linearAxis = (top: number): Axis => {
  const step = roundStep(top / TICKS_MIN);
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  const end = count * step;
  return { ticks: Array.from({ length: count + 1 }, (_, index) => index * step), place: (value) => value / end };
};

/** Powers of two around [low, high], both above 0; not all have a tick where there are many. */
export const doublingAxis = (low: number, high: number): Axis => {
  const first = Math.floor(Math.log2(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log2(high) - 1e-9));
  const stride = Math.ceil((last - first) / DOUBLINGS_SHOWN_MAX);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
    (power) => (power - first) % stride === 0,
  );
  return { ticks: ticks.map((power) => 2 ** power), place: (value) => (Math.log2(value) - first) / (last - first) };
};

/** The least of 1, 2, 2.5, 5 times a power of ten that is not below `raw`. */
const roundStep = (raw: number): number => {
  const power = 10 ** Math.floor(Math.log10(raw));
  return (STEPS.find((step) => step * power >= raw - power * 1e-9) ?? 10) * power;
};
