import { CandidateId } from '../../src/domain/ids.ts';

/** The id of a candidate by number, as a content hash would make it. */
export const candidateIdOfHash = (number: number): CandidateId => CandidateId.parse(`c-${number.toString(16).padStart(32, '0')}`);
