/** A candidate's name: all of its content, and nothing else. */
import type { CandidateContent } from '../domain/candidate.ts';
import { CandidateId, hashOf } from '../domain/ids.ts';

/** Part of every candidate id: raise it when the judge's rules change what a verdict means. */
const JUDGE_RULES_VERSION = 2;

export const contentId = (content: CandidateContent): CandidateId =>
  CandidateId.parse(`c-${hashOf({ content, rules: JUDGE_RULES_VERSION }).slice(0, 32)}`);
