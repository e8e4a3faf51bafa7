/** Tools that submit candidates and say what became of them. */
import { z } from 'zod';
import { MCP_SUBMITTER, SubmitCandidate } from '../../domain/api/candidates.ts';
import type { Candidate } from '../../domain/candidate.ts';
import { KilnError } from '../../domain/errors.ts';
import { Language } from '../../domain/plan/plan.ts';
import { Program } from '../../domain/program.ts';
import { NO_PROGRAM, programOfSource } from '../../domain/program-style.ts';
import { candidateAnswer } from '../answers/candidate-answer.ts';
import { CandidateData } from '../answers/candidate-data.ts';
import { candidateText } from '../answers/candidate-text.ts';
import type { McpDeps, McpKiln } from '../mcp-kiln.ts';
import { tool } from '../tool.ts';
import { WaitSeconds } from '../wait-seconds.ts';
import { ProblemName } from './problem-tools.ts';

/** Checked where it is looked for, so that each call need not tell its pattern. */
export const Id = z.string().max(80);
const { source, files, effort, submitter } = SubmitCandidate.shape;
/** Checked as it is submitted. */
export const ParamsInput = z.record(z.string(), z.union([z.number(), z.string()]));

export const submitCandidate = tool({
  name: 'submit_candidate',
  description:
    'Judges a kernel: code whose first comment is its launch plan, or a program in python (get_problem has the contract). Waits for the verdict. Known content is not judged again.',
  input: z.strictObject({
    problem: ProblemName,
    source,
    language: Language,
    device: z.string().min(1).max(40).optional().describe('class of list_devices; default cpu for c, else H100'),
    params: ParamsInput.default({}).describe("override the plan's"),
    files: files.describe('path -> text of what it includes or imports'),
    prefer: Program.shape.prefer.unwrap().optional(),
    effort: effort.describe('full: timed to the end, also where it cannot come near the best'),
    submitter: submitter.unwrap().default(MCP_SUBMITTER),
    waitSeconds: WaitSeconds,
  }),
  data: CandidateData,
  reads: false,
  run: async (deps, { waitSeconds, device, params, prefer, ...candidate }, signal) => {
    const on = device ?? (candidate.language === 'c' ? 'cpu' : 'H100');
    const asked =
      candidate.language === 'python'
        ? asProgram({ ...candidate, params, device: on }, prefer)
        : { ...candidate, params, device: on };
    return submitted(deps, asked, { waitSeconds, signal });
  },
  text: candidateText,
});

/** What is called in it is told by its source; other files are those that it imports. */
const asProgram = ({ files: imported = {}, ...candidate }: Asked, prefer: Program['prefer'] | undefined): Asked => {
  const program = programOfSource(candidate.source);
  if (program === null)
    throw new KilnError('INVALID_REQUEST', `source: ${NO_PROGRAM}`, {
      details: { field: 'source' },
    });
  const others = Object.entries(imported).map(([path, content]) => ({ path, content }));
  return { ...candidate, program: { ...program, files: others, ...(prefer && { prefer }) } };
};

export interface Waiting {
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

type Asked = z.input<typeof SubmitCandidate> & { readonly device: string };

/** For a device class that no host has nobody waits: that is said at once. */
export const submitted = async ({ kiln }: Pick<McpDeps, 'kiln'>, asked: Asked, waiting: Waiting): Promise<CandidateData> => {
  const { candidates } = await kiln.submit([asked]);
  const [taken] = candidates;
  if (taken === undefined) throw new Error('an answer without the candidate that was sent');
  const waits = taken.status === 'done' || (await mayHave(kiln, asked.device.toLowerCase()));
  const candidate = await kiln.candidate(taken.id, waits ? waiting : {});
  return candidateAnswer(kiln, candidate, { duplicate: taken.known ? duplicateText(candidate) : undefined });
};

/** What a host has is not known before it is connected. */
const mayHave = async (kiln: McpKiln, deviceClass: string): Promise<boolean> =>
  (await kiln.fleet()).hosts.some(
    ({ state, devices }) => state === 'connecting' || devices.some((device) => device.class.toLowerCase() === deviceClass),
  );

const duplicateText = ({ submission, submittedAt, state }: Candidate): string =>
  `known content: ${submission.submitter} submitted it at ${submittedAt}, and ${state.status === 'done' ? 'this is its verdict; it was not judged again' : 'it waits already'}. trial judges the same again.`;

export const waitForVerdict = tool({
  name: 'wait_for_verdict',
  description: 'Waits until a candidate is judged, or says why it waits.',
  input: z.strictObject({ id: Id, waitSeconds: WaitSeconds }),
  data: CandidateData,
  reads: true,
  run: async ({ kiln }, { id, ...waiting }, signal) => candidateAnswer(kiln, await kiln.candidate(id, { ...waiting, signal })),
  text: candidateText,
});

export const explainCandidate = tool({
  name: 'explain_candidate',
  description: 'All that is known of a candidate: verdict, times and share of the floor per case, failure, place in the ranking.',
  input: z.strictObject({ id: Id, source: z.boolean().default(false).describe('its source too') }),
  data: CandidateData,
  reads: true,
  run: async ({ kiln }, { id, source: withSource }) => candidateAnswer(kiln, await kiln.candidate(id), { withSource }),
  text: candidateText,
});

export const cancel = tool({
  name: 'cancel',
  description: 'Cancels a candidate (c-…), or a sweep (s-…) with its points that wait.',
  input: z.strictObject({ id: Id }),
  data: z.strictObject({ id: z.string(), status: z.string() }),
  reads: false,
  run: async ({ kiln }, { id }) => {
    const { status } = id.startsWith('s-') ? await kiln.cancelSweep(id) : await kiln.cancel(id);
    return { id, status };
  },
  text: ({ id, status }) =>
    `${id}: ${status === 'done' || status === 'cancelled' ? 'cancelled' : `is being cancelled (${status})`}`,
});

/** Repetitions of one content that are looked through for the next. */
const TRIALS_MAX = 64;

export const trial = tool({
  name: 'trial',
  description: 'Judges a known candidate once more, as a trial: not ranked, to see how far its numbers repeat.',
  input: z.strictObject({ id: Id, waitSeconds: WaitSeconds }),
  data: CandidateData,
  reads: false,
  run: async (deps, { id, ...waiting }, signal) => {
    const again = await sameAgain(deps.kiln, id);
    for (let number = 1; number <= TRIALS_MAX; number += 1) {
      const { candidates } = await deps.kiln.submit([{ ...again, trial: number }]);
      const [taken] = candidates;
      if (taken !== undefined && !taken.known)
        return candidateAnswer(deps.kiln, await deps.kiln.candidate(taken.id, { ...waiting, signal }));
    }
    throw new KilnError('INVALID_REQUEST', `${id} has ${TRIALS_MAX} trials already: explain_candidate shows what they came to`);
  },
  text: candidateText,
});

/** What would submit its content again. */
export const sameAgain = async (kiln: McpKiln, id: string): Promise<Asked> => {
  const { submission } = await kiln.candidate(id);
  const { problem, device, language, params } = submission;
  if (language === 'python') throw new KilnError('INVALID_REQUEST', 'a program cannot be submitted again from here');
  return { problem, device, language, params, source: (await kiln.source(id)).source, submitter: MCP_SUBMITTER };
};
