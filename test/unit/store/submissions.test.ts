import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const LITERAL = /`[^`]*`|'[^'\n]*'/gu;
const READS_ALL = /(?:from|join) kiln\.candidates\b/u;
/** By what they are of, not by their ids. */
const IS_OF_MANY = /\bcount\(|\bgroup by\b|\bproblem = (?!kept\.)/u;
/** Runs of library programs are trials: they hold no record, and are points of no sweep. */
const HAS_NO_RUN = /\btrial = 0\b|\bsweep_points\b|\bkiln\.records\b/u;

/** Those that mean runs of library programs too, by a piece of each: what waits is told by who submitted it, and so is device time. */
const MEANT = ['where paused is not null group by device, submitter', ') as before', 'group by candidates.submitter'];

test('whoever counts candidates, or picks them by their problem, reads what somebody submitted: runs of library programs are nobody’s', () => {
  const queries = globSync('src/store/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(LITERAL)].map(([text]) => ({ file, text })),
  );
  const open = queries.filter(({ text }) => READS_ALL.test(text) && IS_OF_MANY.test(text) && !HAS_NO_RUN.test(text));
  expect(open.filter(({ text }) => !MEANT.some((piece) => text.includes(piece)))).toEqual([]);
  for (const piece of MEANT)
    expect(
      open.filter(({ text }) => text.includes(piece)),
      piece,
    ).toHaveLength(1);
});
