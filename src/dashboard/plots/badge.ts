/** A small sign for a readme: what, and how fast. Pure. */
import { drawing, shape, text, type Shape } from './shape.ts';

const HEIGHT = 22;
/** An image cannot measure its text; digits and small letters are about this wide. */
const CHAR_PX = 6.6;
const PADDING_PX = 9;

export const badge = (label: string, value: string): Shape => {
  const left = label.length * CHAR_PX + 2 * PADDING_PX;
  const right = value.length * CHAR_PX + 2 * PADDING_PX;
  const svg = drawing(
    { width: Math.ceil(left + right), height: HEIGHT },
    `${label}: ${value}`,
    [
      shape('rect', { width: left + 6, height: HEIGHT, rx: 4, class: 'badge-label' }),
      shape('rect', { x: left, width: right, height: HEIGHT, rx: 4, class: 'badge-value' }),
    ],
    [text([left / 2, 15], label, 'middle badge-text'), text([left + right / 2, 15], value, 'middle badge-text strong')],
  );
  return { ...svg, attributes: { ...svg.attributes, width: Math.ceil(left + right), height: HEIGHT } };
};
