import { type Command, Option } from 'commander';
import type { KilnClient } from '../../../client/create-client.ts';
import type { DeviceWish } from '../../../domain/hosts/work.ts';
import { KilnError } from '../../../domain/errors.ts';
import { contextOf } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { duration } from '../../input/duration.ts';
import { deviceWish, variable } from '../../input/host-work.ts';
import { chooseHosts, type HostChoice, withHostChoice } from '../../hosts/choose-hosts.ts';
import { createExecOutput } from '../../hosts/exec-output.ts';
import { execOn } from '../../hosts/exec-on.ts';

interface ExecOptions extends HostChoice {
  readonly gpu?: DeviceWish;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly timeout?: number;
}

export const withCommandOptions = (command: Command): Command =>
  command
    .showHelpAfterError("(see --help; the command's own options stand behind --: NAME -- COMMAND…)")
    .option('--cwd <folder>', "where it runs; relative: below the home of the host's user (default: that home)")
    .option('-e, --env <NAME=VALUE>', 'a variable for it (repeatable; NAME alone: with the value it has here)', variable);

/** A word that looks like an option is the command's, once `--` is there. */
export const addHostExec = (program: Command, host: Command): void => {
  const command = host
    .command('exec')
    .description('run a command on a host, or on many: kiln host exec NAME -- COMMAND…')
    .argument('[words...]', 'NAME -- COMMAND…; with --all or --label only -- COMMAND…')
    .addOption(
      new Option('--gpu [which]', 'hold a GPU while it runs: any, or by index or UUID (0 or 0,1), or all')
        .argParser(deviceWish)
        .preset('any'),
    )
    .option('--timeout <duration>', 'end it after so long (exit status 124)', duration);
  withHostChoice(withCommandOptions(command)).action(async (words: readonly string[], options: ExecOptions) => {
    const { client, json } = await contextOf(program);
    const { hosts, argv } = await chooseHosts(client, words, options);
    if (argv.length === 0) throw usage();
    process.exitCode = await runOn(client, hosts, { argv, options, json });
  });
};

const usage = (): KilnError =>
  new KilnError(
    'INVALID_REQUEST',
    'no command was given: kiln host exec NAME -- COMMAND…, such as: kiln host exec NAME -- nvidia-smi -L',
  );

interface Wanted {
  readonly argv: readonly string[];
  readonly options: ExecOptions;
  readonly json: boolean;
}

/** Side by side. The first exit status that is not 0, in the order of the hosts. */
const runOn = async (client: KilnClient, hosts: readonly string[], { argv, options, json }: Wanted): Promise<number> => {
  const { gpu, cwd, env, timeout } = options;
  const isMany = options.all === true || options.label !== undefined;
  const output = createExecOutput({ hosts, style: json ? 'json' : isMany ? 'prefixed' : 'plain' });
  const request = { argv, cwd: cwd ?? null, env: [...(env ?? [])], timeoutMs: timeout ?? null, devices: gpu ?? null };
  const codes = await execOn(client, hosts, { request, output });
  return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
};
