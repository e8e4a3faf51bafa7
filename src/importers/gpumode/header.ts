/** Lines `#!POPCORN key value` at the top of a submission. Pure. */
import { problemNameOf } from '../programs/names.ts';

const LEADERBOARD = /^#!POPCORN\s+leaderboard\s+(\S+)\s*$/mu;

/** The problem that a submission names; null where it names none. */
export const problemOfHeader = (source: string): string | null => {
  const [, name] = LEADERBOARD.exec(source) ?? [];
  return name === undefined ? null : problemNameOf(name);
};
