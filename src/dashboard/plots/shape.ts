/** A drawing as data: the page draws it with its elements, the daemon writes it as an image. One drawing, two ways out. Pure. */

export interface Shape {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (Shape | string)[];
}

export const shape = (
  tag: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Shape | string | readonly (Shape | string)[])[]
): Shape => ({ tag, attributes: rounded(attributes), children: children.flat() });

/** A tenth of a pixel is finer than any screen. */
const rounded = (attributes: Readonly<Record<string, string | number>>): Readonly<Record<string, string | number>> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value * 10) / 10 : value]),
  );

export const line = (from: readonly [number, number], to: readonly [number, number], className: string): Shape =>
  shape('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: className });

export const text = (at: readonly [number, number], content: string, className = ''): Shape =>
  shape('text', { x: at[0], y: at[1], ...(className === '' ? {} : { class: className }) }, content);

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** `label`: what the drawing shows, for those who hear it. */
export const drawing = ({ width, height }: Box, label: string, ...children: readonly (Shape | readonly Shape[])[]): Shape =>
  shape('svg', { viewBox: `0 0 ${width} ${height}`, class: 'plot', role: 'img', 'aria-label': label }, ...children);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (value: string): string => value.replaceAll(/[&<>"]/gu, (sign) => ENTITIES[sign] ?? sign);

export const svgText = ({ tag, attributes, children }: Shape): string => {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  const inside = children.map((child) => (typeof child === 'string' ? escaped(child) : svgText(child)));
  return `<${tag}${written.join('')}>${inside.join('')}</${tag}>`;
};
