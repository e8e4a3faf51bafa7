/** What a model wrote -> a diagnosis, or in words why it is none. */
import { z } from 'zod';
import {
  BOTTLENECKS,
  Bottleneck,
  type Diagnosis,
  FINDING_CHARS_MAX,
  IDEA_TAGS,
  IdeaTag,
  PROPOSAL_CHARS_MAX,
  PROPOSALS_MAX,
  REASON_CHARS_MAX,
} from '../../domain/campaign/diagnosis.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { answerTexts } from './answer-texts.ts';
import { objectsIn } from './lenient-json.ts';

/** For the input of a tool and for JSON by schema. */
export const DIAGNOSIS_SCHEMA = {
  type: 'object' as const,
  properties: {
    bottleneck: { type: 'string', enum: [...BOTTLENECKS], description: 'What limits it most now.' },
    finding: {
      type: 'string',
      description: 'What says so: numbers of the profile, the floors or the source, in at most three sentences.',
    },
    proposals: {
      type: 'array',
      description: 'Ideas that are worth writing, the most promising first, each of its own kind.',
      items: {
        type: 'object',
        properties: {
          tag: { type: 'string', enum: [...IDEA_TAGS] },
          idea: { type: 'string', description: `What to change and how, in at most ${PROPOSAL_CHARS_MAX} characters.` },
          why: { type: 'string', description: 'What it should gain, in at most two sentences.' },
        },
        required: ['tag', 'idea'],
        additionalProperties: false,
      },
    },
  },
  required: ['bottleneck', 'finding', 'proposals'],
  additionalProperties: false,
};

export type DiagnosisResult =
  | { readonly ok: true; readonly diagnosis: Diagnosis }
  | { readonly ok: false; readonly message: string };

/** Models write more than they are asked for: what is unknown is `unknown` or `other`, what is long is cut. */
const Lenient = z.object({
  bottleneck: Bottleneck.catch('unknown'),
  finding: z.string().catch(''),
  proposals: z.array(z.object({ tag: IdeaTag.catch('other'), idea: z.string(), why: z.string().catch('') })),
});

const isDiagnosisLike = (value: Readonly<Record<string, unknown>>): boolean => Array.isArray(value['proposals']);

/** `most`: so many proposals were asked for. */
export const readDiagnosis = (text: string, most: number): DiagnosisResult => {
  const [found] = answerTexts(text).flatMap((part) => objectsIn(part, isDiagnosisLike));
  if (found === undefined)
    return { ok: false, message: 'no diagnosis was found: a JSON object with "bottleneck" and "proposals"' };
  const lenient = Lenient.safeParse(found.value);
  if (!lenient.success) return { ok: false, message: 'not a diagnosis: each of its proposals needs an "idea" in words' };
  const { bottleneck, finding, proposals } = lenient.data;
  const kept = proposals
    .map(({ tag, idea, why }) => ({ tag, idea: line(idea, PROPOSAL_CHARS_MAX), why: line(why, REASON_CHARS_MAX) }))
    .filter(({ idea }) => idea !== '')
    .slice(0, Math.min(most, PROPOSALS_MAX));
  if (kept.length === 0) return { ok: false, message: 'the diagnosis proposes nothing' };
  return { ok: true, diagnosis: { bottleneck, finding: line(finding, FINDING_CHARS_MAX), proposals: kept } };
};

const line = (text: string, charsMax: number): string => plainLine(text.toWellFormed(), charsMax);
