/** What all agents on this problem know, and what this one wrote before in its conversation. */
import type { GenerationContext, MemoryRow, Turn } from '../../domain/campaign/generation-context.ts';
import { times } from '../../domain/text/units.ts';
import { exhibitText } from './exhibit-text.ts';
import type { Fence } from './fence.ts';

export const memoryText = (
  { memory, elsewhere }: Pick<GenerationContext, 'memory' | 'elsewhere'>,
  fence: Fence,
): string | null => {
  if (memory.length + elsewhere.length === 0) return null;
  const other = elsewhere.map((row) => `${rowText(row)} (on ${row.problem})`);
  return [
    'Ideas that were tried on this problem and device, by all agents; a ratio is to the candidate that the idea was applied to. Do not pay again for what failed or gained nothing.',
    fence.block('ideas', [...memory.map(rowText), ...other].join('\n')),
  ].join('\n');
};

const rowText = ({ idea, tries, passed, bestRatio, cases, failures }: MemoryRow): string => {
  const gain = bestRatio === null ? 'never measured beside its parent' : `best ${times(bestRatio)}`;
  const by = cases.length === 0 ? '' : ` (${cases.map(({ case: name, ratio }) => `${name} ${times(ratio)}`).join(', ')})`;
  const bad = Object.entries(failures).map(([verdict, count]) => `${count} ${verdict}`);
  return `${idea}: ${tries} tried, ${passed} passed, ${gain}${by}${bad.length === 0 ? '' : `; ${bad.join(', ')}`}`;
};

export const earlierText = ({ earlier }: Pick<GenerationContext, 'earlier'>, fence: Fence): string | null =>
  earlier.length === 0
    ? null
    : [
        'Ideas that were tried in earlier campaigns on this problem and device, on candidates that may differ from yours: begin with what gained, and try what failed or gained nothing only where you know why it should not here.',
        fence.block('earlier ideas', earlier.map(rowText).join('\n')),
      ].join('\n');

/** Of the first parent. */
export const triedText = ({ tried }: Pick<GenerationContext, 'tried'>, fence: Fence): string | null =>
  tried.length === 0
    ? null
    : [
        'What was applied to the first parent before; a ratio is to it. The same again is not judged: do something else to it.',
        fence.block(
          'tried',
          tried
            .map(({ idea, verdict, ratio }) => `${idea}: ${ratio === null ? (verdict ?? 'no verdict') : times(ratio)}`)
            .join('\n'),
        ),
      ].join('\n');

/** The last turn is the parent, or the failed candidate: its source stands there. */
export const turnsText = (turns: readonly Turn[], shown: ReadonlySet<string>, fence: Fence): string | null =>
  turns.length === 0
    ? null
    : [
        `Your conversation so far, ${turns.length === 1 ? 'one turn' : `${turns.length} turns, oldest first`}. Go on from it.`,
        ...turns.map((turn, index) => turnText(turn, index, shown, fence)),
      ].join('\n\n');

const turnText = (turn: Turn, index: number, shown: ReadonlySet<string>, fence: Fence): string => {
  const { verdict, failure } = turn;
  const title = `Turn ${index + 1}, ${verdict ?? 'no verdict'}`;
  // Sources that stand elsewhere in the message are not repeated.
  const text = shown.has(turn.candidateId) ? `${title}; its source is shown above.` : exhibitText(title, turn, fence);
  return failure === null || shown.has(turn.candidateId) ? text : `${text}\n${fence.block('failure', failure)}`;
};
