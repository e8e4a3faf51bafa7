/** A context as a request for chat completions. */
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { OpenAiCompatibleSettings } from '../../domain/campaign/generator-settings.ts';
import type { WritingMove } from '../../domain/campaign/campaign.ts';
import { buildDiagnosisPrompt } from '../prompt/build-diagnosis-prompt.ts';
import { buildPrompt, type Prompt } from '../prompt/build-prompt.ts';
import { DRAFT_SCHEMA } from '../answers/model-draft.ts';
import { DIAGNOSIS_SCHEMA } from '../answers/read-diagnosis.ts';

const AS_JSON = `\n\nAnswer with one JSON object and nothing else: {"language": …, "idea": …, "note": …, "source": …, "params": {…}}. "source" is the
whole file, with its launch plan in the leading comment; "idea" says the idea in a few words; "params" may be left empty.`;

const AS_BLOCK = `\n\nAnswer with one line "idea: …" that says the idea in a few words, and then the whole file in one fenced block (three
backticks before and after), with its launch plan in the leading comment. What you write outside of these is read by nobody.`;

/** What an answer is to look like. `asJson` where the server takes a schema, `asText` where it does not. */
interface Shape {
  readonly asJson: string;
  readonly asText: string;
  readonly name: string;
  readonly schema: object;
  /** Of all of it. */
  readonly bytes: number;
}

const shapeOf = (shape: Omit<Shape, 'bytes'>): Shape => ({
  ...shape,
  bytes: Buffer.byteLength(shape.asJson) + Buffer.byteLength(shape.asText) + Buffer.byteLength(JSON.stringify(shape.schema)),
});

/** What is asked for, and in what shape. */
export interface ChatQuestion {
  readonly prompt: Prompt;
  readonly asked: WritingMove | 'diagnose';
  readonly shape: Shape;
}

const DRAFT = shapeOf({ asJson: AS_JSON, asText: AS_BLOCK, name: 'candidate', schema: DRAFT_SCHEMA });

export const draftQuestion = (context: GenerationContext): ChatQuestion => ({
  prompt: buildPrompt(context),
  asked: context.move,
  shape: DRAFT,
});

const AS_DIAGNOSIS = `\n\nAnswer with one JSON object and nothing else: {"bottleneck": …, "finding": …, "proposals": [{"tag": …, "idea": …, "why": …}]}.`;
const DIAGNOSIS = shapeOf({ asJson: AS_DIAGNOSIS, asText: AS_DIAGNOSIS, name: 'diagnosis', schema: DIAGNOSIS_SCHEMA });

export const diagnosisQuestion = (context: GenerationContext, proposals: number): ChatQuestion => ({
  prompt: buildDiagnosisPrompt(context, proposals),
  asked: 'diagnose',
  shape: DIAGNOSIS,
});

type RequestSettings = Pick<OpenAiCompatibleSettings, 'model' | 'maxTokens' | 'effort' | 'efforts'>;

/** The stable part stands first: servers that keep prefixes find it again. */
export const chatBody = (
  { prompt, asked, shape: { asJson, asText, name, schema } }: ChatQuestion,
  { model, maxTokens, efforts, ...settings }: RequestSettings,
  isStructured: boolean,
): object => {
  const { system, problem, task } = prompt;
  const effort = efforts[asked] ?? settings.effort;
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: `${system}${isStructured ? asJson : asText}\n\n${problem}` },
      { role: 'user', content: task },
    ],
    ...(isStructured ? { response_format: { type: 'json_schema', json_schema: { name, strict: false, schema } } } : {}),
    ...(effort === null ? {} : { reasoning_effort: effort }),
  };
};

/** Of everything that becomes tokens, at most. */
export const chatPromptBytes = ({ prompt: { system, problem, task }, shape }: ChatQuestion): number =>
  [system, problem, task].reduce((sum, text) => sum + Buffer.byteLength(text), shape.bytes);
