/** What diagnoses found, and what became of the ideas that they proposed. */
import { grouped, times } from '../../domain/text/units.ts';
import { code, markdownTable, section } from './markdown.ts';
import type { ReportInput } from './report-input.ts';

const FINDING_CHARS_MAX = 240;

export const diagnosisSection = ({ view, bottlenecks, ideas }: ReportInput): readonly string[] => {
  if (!view.proposals) return [];
  const limits = byCount(bottlenecks, (count) => count).map(([bottleneck, count]) => [bottleneck, grouped(count)]);
  const rows = byCount(ideas, ({ proposed }) => proposed).map(([tag, { proposed, refused, written, passed, best }]) => [
    tag,
    ...[proposed, refused, written, passed].map(grouped),
    best === null ? '-' : times(best),
  ]);
  const last = view.proposals.diagnoses.map(({ problem, device, bottleneck, finding }) => [
    code(problem),
    code(device),
    bottleneck,
    code(finding, FINDING_CHARS_MAX),
  ]);
  return section(
    'Diagnoses',
    markdownTable(['Limited by', 'Diagnoses'], limits, 'lr'),
    markdownTable(['Kind of idea', 'Proposed', 'Known already', 'Written', 'Passed', 'Best'], rows, 'lrrrrr'),
    markdownTable(['Problem', 'Device', 'The last one', 'Finding'], last, 'llll'),
    'What was known already, or was proposed before, nobody was paid to write.',
  );
};

const byCount = <T>(counts: ReadonlyMap<string, T>, of: (value: T) => number): readonly (readonly [string, T])[] =>
  [...counts].toSorted(([a, one], [b, other]) => of(other) - of(one) || (a < b ? -1 : 1));
