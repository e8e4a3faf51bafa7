/** A context as text for a model: what never changes, what changes with the problem and the device, and the task, in this order. */
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import { attemptsText, exhibitText } from './exhibit-text.ts';
import { createFence, type Fence } from './fence.ts';
import { instructions } from './instructions.ts';
import { earlierText, memoryText, triedText, turnsText } from './memory-text.ts';
import { problemText } from './problem-text.ts';
import { targetsText } from './targets-text.ts';

export interface Prompt {
  /** The same for all agents. */
  readonly system: string;
  /** The same for all agents on this problem and device. */
  readonly problem: string;
  /** This generation's. */
  readonly task: string;
}

export const buildPrompt = (context: GenerationContext): Prompt => promptOf(context, writingText);

/** With what is to be done as its end. */
export const promptOf = (context: GenerationContext, toDo: (context: GenerationContext, fence: Fence) => string): Prompt => ({
  ...stablePart(context),
  task: taskText(context, toDo),
});

type StablePart = Omit<Prompt, 'task'>;
interface Remembered {
  readonly of: GenerationContext;
  readonly text: StablePart;
}

/** Device classes and language choices of one problem that are remembered at once. */
const REMEMBERED_MAX = 8;
/** A thousand agents that wait for answers hold one copy of it. */
const remembered = new WeakMap<GenerationContext['problem'], Remembered[]>();

const stablePart = (context: GenerationContext): StablePart => {
  const known = remembered.get(context.problem) ?? [];
  const found = known.find(({ of }) => isSameGround(of, context));
  if (found !== undefined) return found.text;
  const text = { system: narrow(instructions(context)), problem: narrow(problemText(context)) };
  // Only what the text was made of is kept, so that nothing of this generation stays in memory.
  const of = {
    ...context,
    incumbent: null,
    parents: [],
    failure: null,
    attempts: [],
    turns: [],
    memory: [],
    tried: [],
    earlier: [],
    elsewhere: [],
    proposed: [],
    proposal: null,
  };
  remembered.set(context.problem, [{ of, text }, ...known].slice(0, REMEMBERED_MAX));
  return text;
};

/**
 * One character beyond Latin-1 makes a string, and the request that it ends up in, twice as large in memory, for every agent that waits. The
 * usual ones are written as well without.
 */
const narrow = (text: string): string =>
  text.replaceAll(/[\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2264\u2265]/gu, (character) => NARROW[character] ?? character);

const NARROW: Readonly<Record<string, string>> = {
  '\u2013': '-',
  '\u2014': '-',
  '\u2018': "'",
  '\u2019': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u2026': '...',
  '\u2264': '<=',
  '\u2265': '>=',
};

const isSameGround = (a: GenerationContext, b: GenerationContext): boolean =>
  a.statement === b.statement &&
  a.contract === b.contract &&
  JSON.stringify(a.device) === JSON.stringify(b.device) &&
  a.playbook === b.playbook &&
  a.examples === b.examples &&
  a.reference.source === b.reference.source &&
  a.languages.join() === b.languages.join() &&
  JSON.stringify(a.headroom) === JSON.stringify(b.headroom);

const taskText = (context: GenerationContext, toDo: Parameters<typeof promptOf>[1]): string => {
  const fence = createFence(context.seed);
  const { incumbent, parents, failure } = context;
  const attempts = untoldAttempts(context);
  const isShownAsParent = parents.some(({ candidateId }) => candidateId === incumbent?.candidateId);
  return [
    `Blocks of data in this message carry the code ${fence.nonce}.`,
    incumbent === null ? 'Nothing holds the record yet.' : null,
    incumbent !== null && !isShownAsParent ? exhibitText('The record holder', incumbent, fence) : null,
    ...parents.map((parent, index) => exhibitText(parentTitle(context, index), parent, fence)),
    failure === null ? null : failureText(failure, fence),
    targetsText(context),
    turnsText(context.turns, shownOf(context), fence),
    memoryText(context, fence),
    earlierText(context, fence),
    triedText(context, fence),
    attempts.length === 0 ? null : attemptsText(attempts, fence),
    `What to do now\n${toDo(context, fence)}`,
  ]
    .filter((part) => part !== null)
    .join('\n\n');
};

/** What was judged stands in the turns of its conversation; an answer that was refused is in none, and is written again by who does not hear of it. */
const untoldAttempts = ({ attempts, turns }: GenerationContext): GenerationContext['attempts'] =>
  turns.length === 0 ? attempts : attempts.filter(({ verdict }) => verdict === null);

const shownOf = ({ parents, incumbent }: GenerationContext): ReadonlySet<string> =>
  new Set([...parents, ...(incumbent === null ? [] : [incumbent])].map(({ candidateId }) => candidateId));

const parentTitle = (context: GenerationContext, index: number): string => {
  const name = parentName(context, index);
  return context.parents[index]?.candidateId === context.incumbent?.candidateId ? `${name}, which holds the record` : name;
};

/** Of a repair the failed candidate comes first, then the one it was made from, where that is known. */
const parentName = ({ move, parents }: GenerationContext, index: number): string => {
  if (move === 'repair') return index === 0 ? 'The failed candidate' : 'The working candidate that it was made from';
  return parents.length === 1 ? 'The parent' : `Parent ${index + 1}`;
};

const failureText = ({ verdict, message }: NonNullable<GenerationContext['failure']>, fence: Fence): string =>
  `The failed candidate's verdict is ${verdict}. What the judge or the compiler says:\n${fence.block('failure', message)}`;

const writingText = (context: GenerationContext, fence: Fence): string =>
  context.proposal === null ? MOVES[context.move] : `${MOVES[context.move]}\n${proposalText(context.proposal, fence)}`;

const proposalText = (
  { bottleneck, finding, tag, idea, why, implementation, of }: NonNullable<GenerationContext['proposal']>,
  fence: Fence,
): string =>
  [
    `What limits it was looked for before: ${bottleneck}. Carry out the idea in the next block, of the kind ${tag}, and no other one.`,
    ...(of > 1 ? [`You are number ${implementation} of ${of} who carry it out: find a way of your own to write it.`] : []),
    fence.block('proposal', [idea, why, finding].filter((part) => part !== '').join('\n')),
  ].join('\n');

const MOVES: Readonly<Record<GenerationContext['move'], string>> = {
  new: 'Write a candidate from scratch, with an approach of your own that differs from everything shown above.',
  improve: 'Write a faster candidate that starts from the parent. Find what limits it, and change that.',
  cross: 'Write a candidate that joins what is best in both parents into one that is faster than either.',
  repair: 'Repair the failed candidate: find the cause of the failure, correct it, and keep its idea. Change nothing else.',
};
