/** What programs that Kiln starts may see of the daemon's environment: candidates run below them, so no secret may be in it. */
import { env as inherited } from 'node:process';
import type { ProcessEnvironment } from './transports/spawn.ts';

/** The runner and its compilers: names that find programs, libraries, folders and GPUs. */
const RUNNER_NAMES =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|XDG_CACHE_HOME|LD_LIBRARY_PATH|CUDA_\w+|NVIDIA_\w+|VIRTUAL_ENV|KILN_SIMULATED_\w+|KILN_TRITON_PYTHON)$/;
/** Commands such as kubectl and srun need their own variables; Kiln's and the model providers' are not among them. */
const WITHHELD_NAMES = /^(KILN_(?!SIMULATED_|TRITON_PYTHON$)\w+|ANTHROPIC_\w+|OPENAI_\w+)$/;

type Environment = Readonly<Record<string, string | undefined>>;

export const runnerEnvironment = (env: Environment = inherited): ProcessEnvironment =>
  pick(env, (name) => RUNNER_NAMES.test(name));
export const commandEnvironment = (env: Environment = inherited): ProcessEnvironment =>
  pick(env, (name) => !WITHHELD_NAMES.test(name));

const pick = (env: Environment, isWanted: (name: string) => boolean): ProcessEnvironment =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value !== undefined && isWanted(name) ? [[name, value]] : [])),
  );
