/** Two candidates of one language, joined: the first's source, some params and regions of the second. Pure; chance comes in. */
import type { Random } from '../../platform/random.ts';
import { regionsOf, textOf, withText } from './regions.ts';
import type { Change, Parent } from './variation.ts';

/** Each param and each region that differs comes from either with equal chance. Null where nothing of the second can be taken. */
export const cross = (first: Parent, second: Parent, random: Random): Change | null => {
  if (first.language !== second.language) return null;
  const params = paramsToTake(first, second).filter(() => random() < 1 / 2);
  const regions = regionsToTake(first, second).filter(() => random() < 1 / 2);
  if (params.length === 0 && regions.length === 0) return null;
  return {
    variant: {
      language: first.language,
      source: regions.reduce((source, name) => withRegionOf(source, second.source, name), first.source),
      params: { ...first.params, ...Object.fromEntries(params) },
    },
    note: `of the second: ${[...params.map(([name, value]) => `${name} ${value}`), ...regions.map((name) => `region ${name}`)].join(', ')}`,
    changed: [...params.map(([name]) => name), ...regions],
  };
};

/** Those that both declare, with the second's value; where the first's space is narrower, only what is in it. */
const paramsToTake = (first: Parent, second: Parent) =>
  Object.entries(second.params).filter(([name, value]) => {
    if (!Object.hasOwn(first.params, name) || first.params[name] === value) return false;
    return typeof first.params[name] === typeof value && (first.plan.space?.[name]?.includes(value) ?? true);
  });

const regionsToTake = (first: Parent, second: Parent): readonly string[] =>
  regionsOf(first.source)
    .filter((region) => {
      const other = regionsOf(second.source).find(({ name }) => name === region.name);
      return other !== undefined && textOf(second.source, other) !== textOf(first.source, region);
    })
    .map(({ name }) => name);

const withRegionOf = (source: string, from: string, name: string): string => {
  const [to, other] = [source, from].map((text) => regionsOf(text).find((region) => region.name === name));
  return to && other ? withText(source, to, textOf(from, other)) : source;
};
