/** What a problem's library program takes, for what is printed beside it. */
import type { KilnClient } from '../client/create-client.ts';
import { foundOrNull } from '../domain/errors.ts';
import type { LibraryTime } from '../domain/library.ts';

/** None where the problem names no program, or is not there any more. */
export const libraryTimes = async (client: Pick<KilnClient, 'library'>, problem: string): Promise<readonly LibraryTime[]> =>
  (await foundOrNull(async () => client.library(problem)))?.models ?? [];
