/** A daemon of this checkout with this machine's GPU behind a real sshd, for programs that are recorded and judged there. */
import type { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { HostView } from '../../src/domain/api/fleet.ts';
import type { Candidate } from '../../src/domain/candidate.ts';
import { plainLine } from '../../src/platform/printable-text.ts';
import { type KilnProcess, kilnFolder, startKiln, untilDone } from '../../test/support/kiln-process.ts';
import type { Sshd } from '../../test/support/sshd.ts';

export interface Setting {
  /** For building and recording one program. */
  readonly compileLimitMs: number;
  readonly judgeLimitMs: number;
  /** Null: the problems of this repository. */
  readonly kernelsDir: string | null;
}

export const withKiln = async <Result>(
  sshd: Sshd,
  { compileLimitMs, judgeLimitMs, kernelsDir }: Setting,
  use: (kiln: KilnProcess) => Promise<Result>,
): Promise<Result> => {
  const folder = kilnFolder('hosts: []\n', {
    KILN_TIMING_METHOD: 'paired',
    KILN_COMPILE_LIMIT_MS: String(compileLimitMs),
    KILN_JUDGE_LIMIT_MS: String(judgeLimitMs),
    KILN_LOG_LEVEL: 'warn',
    ...(kernelsDir !== null && { KILN_KERNELS_DIR: kernelsDir }),
  });
  const ssh = `{host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
  folder.write('fleet.yaml', `hosts:\n  - {name: gpu-host, ssh: ${ssh}, runnerDir: ${folder.path}/remote, gpus: auto}\n`);
  const kiln = await startKiln(folder);
  try {
    return await use(kiln);
  } finally {
    await kiln.stop();
    folder.remove();
  }
};

export const environmentLines = ({ inventory }: Pick<HostView, 'inventory'>): string =>
  (inventory?.environments ?? [])
    .map(
      ({ name, torch, triton, recorder, sandbox, warnings }) =>
        `environment ${name}: PyTorch ${torch ?? 'none'}, Triton ${triton ?? 'none'}, recorder ${recorder}, sandbox ${sandbox.level}${warnings.map((words) => `\n  ${plainLine(words)}`).join('')}`,
    )
    .join('\n') || 'no environment: no Python with PyTorch was found';

export interface JudgedBodies {
  /** In the order of the bodies; also those that are not done. */
  readonly candidates: readonly Candidate[];
  readonly seconds: number;
}

/** Submits all at once; waits until all are done, or until `endsAtMs` of the monotonic clock. */
export const judgeBodies = async (
  { client }: KilnProcess,
  bodies: readonly SubmitCandidate[],
  endsAtMs: number,
): Promise<JudgedBodies> => {
  const startedMs = performance.now();
  const { candidates: submitted } = await client.submit(bodies);
  const ids = submitted.map(({ id }) => id);
  await untilDone(client, new Set(ids), Math.max(1, endsAtMs - startedMs)).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const candidates: Candidate[] = [];
  for (const id of ids) candidates.push(await client.candidate(id));
  return { candidates, seconds };
};

/** Throws where it is none above 0. */
export const secondsOf = (option: string, text: string): number => {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new Error(`${option} ${text} is no number of seconds`);
  return seconds;
};
