/** Case by case, what there is to reach and what the first parent takes: the case that is furthest behind is where most is to be gained. */
import type { Exhibit, GenerationContext } from '../../domain/campaign/generation-context.ts';
import { baselineOf } from '../../domain/problem.ts';
import { libraryNsOf, librarySource } from '../../domain/text/library-text.ts';
import { nanoseconds } from '../../domain/text/units.ts';
import { targetOf } from '../../problems/targets.ts';

type Targets = Pick<GenerationContext, 'problem' | 'device' | 'headroom' | 'library' | 'incumbent' | 'parents'>;

/** "- 4M: floor 12.3 µs, library 18.0 µs, baseline 30.0 µs, record 20.1 µs, you start from 25.2 µs". Null where there is no time to go by. */
export const targetsText = (context: Targets): string | null => {
  const { headroom, library, incumbent, parents } = context;
  // Of a failed candidate there are no times: then of what it was made from.
  const own = parents.find(({ cases }) => cases.length > 0) ?? null;
  const known: readonly { readonly case: string; readonly baselineNs?: number | undefined }[] =
    (own ?? incumbent)?.cases ?? library?.cases ?? [];
  const lines = known.map(({ case: name, baselineNs }) => {
    const floorNs = headroom.find((one) => one.case === name)?.floorNs;
    const recordNs = timeOf(incumbent, name);
    const ownNs = timeOf(own, name);
    const isRecord = own?.candidateId === incumbent?.candidateId;
    const parts = [
      partOf('floor', floorNs),
      partOf('library', libraryNsOf(library?.cases ?? [], name) ?? undefined),
      partOf(baselineName(context), baselineNs),
      isRecord ? null : partOf('record', recordNs),
      partOf(isRecord ? 'you start from the record at' : 'you start from', ownNs),
    ];
    return `- ${name}: ${parts.filter((part) => part !== null).join(', ')}`;
  });
  return lines.length === 0 ? null : ['Targets, case by case', ...lines, ...aboutLibrary(library)].join('\n');
};

/** What it is that takes so long, or why its time is not there. */
const aboutLibrary = (library: Targets['library']): readonly string[] =>
  library === null ? [] : [`Library: ${librarySource(library)}`];

const partOf = (name: string, ns: number | undefined): string | null => (ns === undefined ? null : `${name} ${nanoseconds(ns)}`);

const timeOf = (exhibit: Exhibit | null, name: string): number | undefined =>
  exhibit?.cases.find((one) => one.case === name)?.medianNs;

/** A baseline that is a program is what a library makes of the problem, and is called as its environment is. */
const baselineName = ({ problem, device }: Targets): string => {
  const code = problem[targetOf(device.class)];
  const side = code && baselineOf(code);
  return typeof side === 'object' ? side.environment : 'baseline';
};
