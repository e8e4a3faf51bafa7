/** A drawing as an image of its own: with the page's colours, its ground and its namespace inside. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Shape, shape, svgText } from '../plots/shape.ts';

const STYLES = ['0-tokens.css', '3-plots.css'];
const style = STYLES.map((file) => readFileSync(join(import.meta.dirname, '../browser/styles', file), 'utf8')).join('');

/** What the image may do where it is opened: nothing but its own style. */
export const IMAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`;

export const imageText = ({ tag, attributes, children }: Shape): string =>
  svgText(
    shape(
      tag,
      { ...attributes, xmlns: 'http://www.w3.org/2000/svg' },
      shape('style', {}, style),
      shape('rect', { width: '100%', height: '100%', rx: 10, class: 'ground' }),
      children,
    ),
  );
