/** A drawing in the page. */
import { h, type JSX } from 'preact';
import type { Shape } from '../../plots/shape.ts';

export const draw = ({ tag, attributes, children }: Shape): JSX.Element =>
  h(
    tag,
    { ...attributes },
    children.map((child) => (typeof child === 'string' ? child : draw(child))),
  );
