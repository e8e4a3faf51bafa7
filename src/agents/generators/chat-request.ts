/** A context as a request for chat completions. */
import type { GenerationContext } from '../../domain/campaign/generation-context.ts';
import type { OpenAiCompatibleSettings } from '../../domain/campaign/generator-settings.ts';
import { buildPrompt } from '../prompt/build-prompt.ts';
import { DRAFT_SCHEMA } from '../answers/model-draft.ts';

const AS_JSON = `\n\nAnswer with one JSON object and nothing else: {"language": …, "idea": …, "note": …, "source": …, "params": {…}}. "source" is the
whole file, with its launch plan in the leading comment; "idea" says the idea in a few words; "params" may be left empty.`;

const AS_BLOCK = `\n\nAnswer with one line "idea: …" that says the idea in a few words, and then the whole file in one fenced block (three
backticks before and after), with its launch plan in the leading comment. What you write outside of these is read by nobody.`;

/** The stable part stands first: servers that keep prefixes find it again. */
export const chatBody = (
  context: GenerationContext,
  { model, maxTokens }: Pick<OpenAiCompatibleSettings, 'model' | 'maxTokens'>,
  isStructured: boolean,
): object => {
  const { system, problem, task } = buildPrompt(context);
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: `${system}${isStructured ? AS_JSON : AS_BLOCK}\n\n${problem}` },
      { role: 'user', content: task },
    ],
    ...(isStructured
      ? { response_format: { type: 'json_schema', json_schema: { name: 'candidate', strict: false, schema: DRAFT_SCHEMA } } }
      : {}),
  };
};

const EXTRA_BYTES = Buffer.byteLength(AS_JSON) + Buffer.byteLength(AS_BLOCK) + Buffer.byteLength(JSON.stringify(DRAFT_SCHEMA));

/** Of everything that becomes tokens, at most. */
export const chatPromptBytes = (context: GenerationContext): number => {
  const { system, problem, task } = buildPrompt(context);
  return [system, problem, task].reduce((sum, text) => sum + Buffer.byteLength(text), EXTRA_BYTES);
};
