/** What a device of the fleet found of a problem, for people. Pure. */
import type { ProblemTried, TriedMutant } from '../../domain/api/problem-check.ts';
import { plainText } from '../../platform/printable-text.ts';

/** `untried`: why it was tried on no GPU. */
export type OnFleet = { readonly tried: ProblemTried } | { readonly untried: string };

export const fleetCheckText = (problem: string, onFleet: OnFleet): string =>
  'tried' in onFleet ? triedText(onFleet.tried) : `${problem}, on a GPU: not tried: ${plainText(onFleet.untried)}`;

/** In one line: whether its check finds what it must, or what it misses. */
export const triedSummary = ({ ok, refused, mutants, host, deviceModel }: ProblemTried): string => {
  const where = `on ${deviceModel} of ${host}`;
  if (refused !== null) return `${where}: judges nobody: ${plainText(refused)}`;
  const untried = mutants.filter((mutant) => mutant.untried !== null);
  const rest = untried.length === 0 ? '' : `; ${untried.length} could not be tried`;
  if (ok) return `${where}: each of ${mutants.length - untried.length} wrong versions of its reference is found${rest}`;
  const passed = mutants.filter(({ foundBy, untried: why }) => foundBy === null && why === null).map(({ name }) => name);
  if (passed.length === 0) return `${where}: its library program is not right${rest}`;
  return `${where}: wrong versions of its reference pass: ${passed.join(', ')}${rest}`;
};

const triedText = (tried: ProblemTried): string =>
  [`${tried.problem}, ${triedSummary(tried)}`, ...tried.mutants.map(mutantLine), ...libraryLines(tried)].join('\n');

const libraryLines = ({ library }: ProblemTried): readonly string[] => {
  if (library === null) return [];
  if (library.untried !== null) return [`  untried  its library program: ${plainText(library.untried)}`];
  return [
    library.failed === null ? '  passes   its library program' : `  FAILS    its library program: ${plainText(library.failed)}`,
  ];
};

const mutantLine = ({ name, foundBy, untried }: TriedMutant): string => {
  if (untried !== null) return `  untried  ${name}: ${plainText(untried)}`;
  return foundBy === null ? `  PASSES   ${name}` : `  found    ${name}, by case ${foundBy}`;
};
