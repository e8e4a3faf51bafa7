/** One candidate, changed in a few places. Pure; chance comes in. */
import { below, pick, type Random, sample } from '../../platform/random.ts';
import { type Axis, axesOf } from './param-moves.ts';
import { applied, type Edit, editsOf } from './region-edits.ts';
import type { Change, Parent } from './variation.ts';

/** A step goes to the next value of a list; else anywhere in it, so that no hill keeps a search for good. */
const NEAR_SHARE = 0.55;
/** Of the changes, where a source has both: params are what its author meant to be varied. */
const PARAM_SHARE = 0.85;
/** A guessed literal mostly breaks the code: tried when there is nothing better, and now and then. */
const GUESS_SHARE = 0.1;

export const canMutate = (parent: Parent): boolean =>
  axesOf(parent.plan, parent.params).length > 0 || editsOf(parent.source, parent.language).length > 0;

/** `changes`: how many places at once, from 1. Null where there is none. */
export const mutate = (parent: Parent, changes: number, random: Random): Change | null => {
  const axes = axesOf(parent.plan, parent.params);
  const edits = editsOf(parent.source, parent.language);
  const inParams = edits.length === 0 ? changes : Array.from({ length: changes }, random).filter((x) => x < PARAM_SHARE).length;
  const moved = sample(random, axes, inParams).map((axis) => moveOf(axis, parent, random));
  const edit = axes.length === 0 || inParams < changes ? editOf(edits, random) : undefined;
  if (moved.length === 0 && !edit) return null;
  return {
    variant: {
      language: parent.language,
      source: edit ? applied(parent.source, edit) : parent.source,
      params: { ...parent.params, ...Object.fromEntries(moved.map(({ name, to }) => [name, to])) },
    },
    note: [...moved.map(({ name, from, to }) => `${name} ${from} -> ${to}`), ...(edit ? [editNote(parent, edit)] : [])].join(
      ', ',
    ),
    changed: [...moved.map(({ name }) => name), ...(edit ? [edit.region] : [])],
  };
};

const moveOf = ({ name, others }: Axis, { params }: Parent, random: Random) => {
  const reach = random() < NEAR_SHARE ? Math.min(2, others.length) : others.length;
  return { name, from: params[name] ?? '', to: others[below(random, reach)] ?? '' };
};

const editOf = (edits: readonly Edit[], random: Random): Edit | undefined => {
  const wantsGuess = random() < GUESS_SHARE;
  const wanted = edits.filter((edit) => edit.isSafe !== wantsGuess);
  return pick(random, wanted.length > 0 ? wanted : edits);
};

const editNote = ({ source }: Parent, { start, end, text, region }: Edit): string =>
  `"${source.slice(start, end)}" -> "${text}" in ${region}`;
