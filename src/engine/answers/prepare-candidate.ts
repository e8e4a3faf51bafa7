/** From what people submit to a candidate with an id: checks that name the field, the plan's header, the content hash. Pure. */
import { Buffer } from 'node:buffer';
import type { z } from 'zod';
import type { SubmitCandidate } from '../../domain/api/candidates.ts';
import type { CandidateContent } from '../../domain/candidate.ts';
import { knownClass } from '../../domain/device.ts';
import { KilnError } from '../../domain/errors.ts';
import type { SweepId } from '../../domain/ids.ts';
import { LIBRARY_SUBMITTER } from '../../domain/library.ts';
import type { Language, Params } from '../../domain/plan/plan.ts';
import type { NewCandidate } from '../../domain/ports/store-rows.ts';
import type { LoadedProblem } from '../../problems/load-problems.ts';
import { parseHeader } from '../../problems/parse-header.ts';
import { sourceOf } from '../../problems/merge-files.ts';
import { languagesOn, targetOf } from '../../problems/targets.ts';
import type { Target } from '../../problems/targets.ts';
import { contentId } from '../content-id.ts';
import { importedFiles } from './imported-files.ts';
import { type HostEnvironments, prepareProgram } from './prepare-program.ts';
import { resolveCandidate } from '../../problems/resolve-candidate.ts';

export interface IntakeRules {
  readonly problems: ReadonlyMap<string, LoadedProblem>;
  /** Device classes the fleet has shown so far, besides those Kiln knows by name. */
  readonly fleetClasses: readonly string[];
  readonly sourceBytesMax: number;
  /** Of the fleet's hosts, as far as they are known now. */
  readonly hosts: readonly HostEnvironments[];
}

type Input = z.output<typeof SubmitCandidate>;

/** Throws KilnError where the request itself is wrong; a bad plan is the candidate's own failure and becomes its verdict. */
export const prepareCandidate = (input: Input, sweepId: SweepId | null, rules: IntakeRules): NewCandidate => {
  if (input.submitter === LIBRARY_SUBMITTER) throw reserved(input.submitter);
  const loaded = problemOf(input.problem, rules);
  const device = deviceOf(input.device, rules);
  checkTarget(loaded, targetOf(device), input.language);
  const source = sourceOf(input);
  checkSize(source, rules.sourceBytesMax);
  const shared = {
    problem: input.problem,
    problemVersion: loaded.contentHash(targetOf(device)),
    language: input.language,
    source,
    device,
    trial: input.trial,
    ...againstOf(input),
  };
  const { content, outcome } =
    input.language === 'python' ? programOf(input, shared, { loaded, rules }) : kernelOf(input, shared, loaded);
  const { priority, submitter, labels, effort } = input;
  const asked = effort === 'full' ? { effort } : {};
  return { id: contentId(content), submission: { content, priority, submitter, labels, sweepId, ...asked }, outcome };
};

const reserved = (submitter: string): KilnError =>
  new KilnError('INVALID_REQUEST', `submitter: "${submitter}" is Kiln's own name for programs of libraries: choose another`, {
    details: { field: 'submitter' },
  });

const againstOf = ({ trial, against, language }: Input): Pick<CandidateContent, 'against'> => {
  if (against === undefined) return {};
  if (trial === 0) throw new KilnError('INVALID_REQUEST', 'against: only a trial is timed against another: give trial from 1');
  if (language === 'python') throw new KilnError('INVALID_REQUEST', 'against: programs are not timed in pairs');
  return { against };
};

type Prepared = Pick<NewCandidate, 'outcome'> & { readonly content: CandidateContent };
/** What candidates of every language have. */
type SharedContent = Omit<CandidateContent, 'params' | 'program'>;

const kernelOf = (input: Input, shared: SharedContent, loaded: LoadedProblem): Prepared => {
  if (input.program) throw new KilnError('INVALID_REQUEST', 'program: only a candidate in python has one');
  const header = parseHeader(shared.source, input.language);
  const params: Params = header.ok ? { ...header.plan.params, ...input.params } : input.params;
  const content = { ...shared, params };
  const resolved = resolveCandidate(loaded, { target: targetOf(content.device), architecture: 'native', content });
  return { content, outcome: resolved.ok ? null : resolved.outcome };
};

interface Preparing {
  readonly loaded: LoadedProblem;
  readonly rules: IntakeRules;
}

const programOf = (input: Input, shared: SharedContent, { loaded, rules }: Preparing): Prepared => {
  if (Object.keys(input.params).length > 0) throw new KilnError('INVALID_REQUEST', 'params: a program has none');
  const { source } = shared;
  const given = input.program;
  const whole = given && { ...given, files: [...given.files, ...importedFiles({ source, program: given }, loaded)] };
  const { content: program, outcome } = prepareProgram(source, whole, rules.hosts);
  return { content: { ...shared, params: {}, program }, outcome };
};

const problemOf = (name: string, rules: IntakeRules): LoadedProblem => {
  const loaded = rules.problems.get(name);
  if (loaded) return loaded;
  throw new KilnError(
    'UNKNOWN_PROBLEM',
    `problem: there is no problem "${name}"; known are ${[...rules.problems.keys()].join(', ')}`,
    {
      details: { field: 'problem', known: [...rules.problems.keys()] },
    },
  );
};

const deviceOf = (asked: string, rules: IntakeRules): string => {
  const inFleet = rules.fleetClasses.find((shown) => shown.toLowerCase() === asked.toLowerCase());
  if (inFleet) return inFleet;
  const known = knownClass(asked);
  if (known) return known;
  const fleet = rules.fleetClasses.join(', ') || 'nothing yet';
  throw new KilnError(
    'UNKNOWN_DEVICE',
    `device: "${asked}" is no device class; the fleet has ${fleet}. Use a class such as H100, A100 or cpu`,
    {
      details: { field: 'device', fleet: rules.fleetClasses },
    },
  );
};

const checkTarget = (loaded: LoadedProblem, target: Target, language: Language): void => {
  if (!loaded.targets.includes(target)) {
    throw new KilnError(
      'UNKNOWN_DEVICE',
      `device: problem "${loaded.problem.name}" has no ${target} reference; it can be judged on ${loaded.targets.join(', ')}`,
      { details: { field: 'device', targets: loaded.targets } },
    );
  }
  const languages = languagesOn(target);
  if (!languages.includes(language)) {
    throw new KilnError(
      'UNSUPPORTED_LANGUAGE',
      `language: "${language}" does not run on this device; use ${languages.join(' or ')}, or another device`,
      {
        details: { field: 'language' },
      },
    );
  }
};

const checkSize = (source: string, bytesMax: number): void => {
  const bytes = Buffer.byteLength(source);
  if (bytes <= bytesMax) return;
  throw new KilnError('SOURCE_TOO_LARGE', `source: ${bytes} bytes; the limit is ${bytesMax} (limits.sourceBytes in kiln.yaml)`, {
    details: { field: 'source', bytes, bytesMax },
  });
};
