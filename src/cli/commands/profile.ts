import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { WAIT_SECONDS_MAX } from '../../domain/api/limits.ts';
import { foundOrNull } from '../../domain/errors.ts';
import type { Profile } from '../../domain/profile.ts';
import { contextOf, note, print, printJson } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { type TimeoutOption, within, withTimeout } from '../within.ts';
import { profileText } from '../output/profile-text.ts';

interface ProfileOptions extends TimeoutOption {
  readonly raw?: string;
  readonly again?: boolean;
}

export const addProfile = (program: Command): void => {
  const command = program
    .command('profile')
    .description('what limits the kernels of a candidate that passed: profiled now, unless it has been')
    .argument('<id>')
    .option('--raw <file>', "write the profiler's own report too (.ncu-rep)")
    .option('--again', 'profile it anew, even where it has a profile');
  withTimeout(command).action(async (id: string, { raw, again = false, timeout }: ProfileOptions) => {
    const { client, json } = await contextOf(program);
    const asked = again ? null : await known(client, id);
    const first = asked ?? (await client.askProfile(id));
    const limit = timeout === undefined ? {} : { timeout };
    const profile = await within(limit, `kiln profile ${id}`, async () => whenDone(client, first, note));
    if (json) printJson(profile);
    else print(profileText(profile));
    if (profile.state.status !== 'done') process.exitCode = EXIT.failed;
    else if (raw !== undefined) await writeFile(raw, await client.profileReport(id));
  });
};

/** One that failed is tried again. */
const known = async (client: KilnClient, id: string): Promise<Profile | null> => {
  const profile = await foundOrNull(async () => client.profile(id));
  return profile?.state.status === 'failed' ? null : profile;
};

/** Waits as long as it takes; says why, each time that changes. */
const whenDone = async (client: KilnClient, asked: Profile, report: (text: string) => void): Promise<Profile> => {
  let profile = asked;
  let shown = '';
  while (profile.state.status === 'waiting') {
    if (profile.state.reason !== shown) report(profile.state.reason);
    shown = profile.state.reason;
    profile = await client.profile(profile.candidateId, { waitSeconds: WAIT_SECONDS_MAX });
  }
  return profile;
};
