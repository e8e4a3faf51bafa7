/** From values to pixels, and the values that an axis names. Pure. */

export interface Scale {
  (value: number): number;
  readonly low: number;
  readonly high: number;
}

/** [low, high] of the values onto [from, to] of the drawing. */
export const linear = (values: readonly [number, number], pixels: readonly [number, number]): Scale => {
  const [low, high] = values;
  const span = high - low || 1;
  return Object.assign((value: number) => pixels[0] + ((value - low) / span) * (pixels[1] - pixels[0]), { low, high });
};

export const logarithmic = (values: readonly [number, number], pixels: readonly [number, number]): Scale => {
  const scale = linear([Math.log(values[0]), Math.log(values[1])], pixels);
  return Object.assign((value: number) => scale(Math.log(value)), { low: values[0], high: values[1] });
};

const STEPS = [1, 2, 2.5, 5, 10];

/** Round values from low to high, about `count` of them. */
export const ticks = ({ low, high }: Pick<Scale, 'low' | 'high'>, count: number): readonly number[] => {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
};

/** A little room at both ends. */
export const padded = (low: number, high: number, share = 0.06): readonly [number, number] => {
  const room = (high - low) * share || Math.abs(high) * share || 1;
  return [low - room, high + room];
};
