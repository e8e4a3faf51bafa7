/** Programs in an engine's scenario: a host that records them, and what is submitted. */
import type { Environment } from '../../src/domain/environment.ts';
import { Program } from '../../src/domain/program.ts';
import type { EngineScenario, scenarios } from './engine-scenario.ts';
import { TORCH } from './torch-environment.ts';

const entry = { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' } as const;
export const RECORDED = Program.parse({ entry });
export const BY_ANSWERS = Program.parse({ entry, prefer: 'program' });
export const UNRECORDABLE = {
  verdict: 'contract',
  case: 'odd',
  message: 'it cannot be recorded: it uses a CUDA graph of its own',
} as const;

export const equipped = (environment: Environment = TORCH) => ({
  inventory: { environments: [environment], compilers: { cuda: 'NVRTC 13.0', 'python:torch': 'environment abab' } },
});

/** It could be recorded, and what it gave back is not what its problem asks for. */
export const WRONGLY_RETURNED = {
  verdict: 'contract',
  case: 'odd',
  message: 'it returned 2 tensors; the problem has 1 output',
} as const;

export const submitProgram = async (scenario: EngineScenario, n: number, program = RECORDED): Promise<void> =>
  scenario.submit(n, { language: 'python', source: `# NUMBER: ${n}\ndef custom_kernel(data):\n    pass\n`, program });

interface Recorder {
  readonly environment?: Environment;
  readonly runnerId?: string;
  readonly driver?: string | null;
}

/** What a program may ask for is read of the hosts that are known when it is submitted. */
export const connectRecorder = async (
  scenario: EngineScenario,
  name = 'box',
  { environment = TORCH, runnerId = 'r1', driver = null }: Recorder = {},
): Promise<void> => {
  const { inventory } = equipped(environment);
  scenario.at(name).connect({ inventory: { ...inventory, driver }, runnerId });
  await scenario.until(async () => {
    const { hosts } = await scenario.kiln.fleet();
    return hosts.some((host) => host.name === name && host.state === 'connected' && host.inventory !== null);
  });
};

/** It is built, and its host is asked to record it, or to make it ready to be called. */
export const builtProgram = async (scenario: EngineScenario, n: number, program = RECORDED): Promise<void> => {
  await submitProgram(scenario, n, program);
  await scenario.expect(`box: compile ${n}`);
  scenario.host.compiled(n);
  await scenario.expect(`box: record ${n}${program.prefer === 'program' ? ' by answers' : ''}`);
};

/** With one host, `box`. */
export const withRecorder = async ({ start }: Pick<ReturnType<typeof scenarios>, 'start'>): Promise<EngineScenario> => {
  const scenario = await start({ box: 1 });
  await connectRecorder(scenario);
  return scenario;
};
