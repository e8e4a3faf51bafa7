/** A prompt as a request to the Messages API. */
import type { MessageCreateParamsStreaming, TextBlockParam, Tool } from '@anthropic-ai/sdk/resources/messages';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';
import type { Prompt } from '../prompt/build-prompt.ts';
import type { WritingMove } from '../../domain/campaign/campaign.ts';
import { cacheTokensMin, thinkingOf } from './model-traits.ts';
import { DRAFT_SCHEMA } from '../answers/model-draft.ts';
import { DIAGNOSIS_SCHEMA } from '../answers/read-diagnosis.ts';

const TOOL_NAME = 'submit_candidate';

const TOOL: Tool = {
  name: TOOL_NAME,
  description:
    'Hands in your candidate. Kiln compiles, checks and times it. Call it exactly once, with the whole file as `source`, or with `edits` of the first parent.',
  input_schema: DRAFT_SCHEMA,
};

const DIAGNOSIS_TOOL_NAME = 'propose_ideas';

const DIAGNOSIS_TOOL: Tool = {
  name: DIAGNOSIS_TOOL_NAME,
  description:
    'Says what limits the parents and proposes ideas in words. Call it exactly once, where you are asked for a diagnosis.',
  input_schema: DIAGNOSIS_SCHEMA,
};

/** Never forced: models that always think refuse forced tools. */
const ASIDE = 'What you write outside of the call is read by nobody.';
const HOW_TO_ANSWER = `Answer by calling the tool ${TOOL_NAME} once. ${ASIDE}`;
const HOW_TO_ANSWER_EITHER = `Answer by calling one tool once: ${DIAGNOSIS_TOOL_NAME} where you are asked for a diagnosis, otherwise ${TOOL_NAME}. ${ASIDE}`;

interface Saying {
  readonly tools: Tool[];
  readonly how: string;
  readonly bytes: number;
}

const sayingOf = (tools: Tool[], how: string): Saying => ({
  tools,
  how,
  bytes: tools.reduce((sum, tool) => sum + Buffer.byteLength(JSON.stringify(tool)), Buffer.byteLength(how)),
});

/** What a generator is asked for: candidates alone, or diagnoses too. The same for all of its requests, so that all of them share the cached prefix. */
const CANDIDATES_ALONE = sayingOf([TOOL], HOW_TO_ANSWER);
const DIAGNOSES_TOO = sayingOf([TOOL, DIAGNOSIS_TOOL], HOW_TO_ANSWER_EITHER);
const saying = (diagnoses: boolean): Saying => (diagnoses ? DIAGNOSES_TOO : CANDIDATES_ALONE);

/** As it is streamed. */
export const requestOf = (
  prompt: Prompt,
  settings: RequestSettings,
  asked: WritingMove | 'diagnose',
): MessageCreateParamsStreaming => ({
  ...messageOf(prompt, settings, asked),
  stream: true,
});

/**
 * Tool and instructions, then problem and device, each end in a cache breakpoint where that much is cached: agents on any problem share the first part, those on the
 * same problem and device share both.
 */
export const messageOf = (
  prompt: Prompt,
  { model, maxTokens, efforts, thinking, cacheMinutes, diagnoses, ...settings }: RequestSettings,
  asked: WritingMove | 'diagnose',
): Message => {
  const { tools, how } = saying(diagnoses);
  const effort = efforts[asked] ?? settings.effort;
  const { system, problem, task } = prompt;
  const keeps = breakpointsOf(prompt, { model, diagnoses });
  const thinks = thinkingOf({ model, maxTokens, thinking });
  const block = (text: string, isKept: boolean): TextBlockParam => ({
    type: 'text',
    text,
    ...(isKept ? { cache_control: CACHE[cacheMinutes] } : {}),
  });
  return {
    model,
    max_tokens: maxTokens,
    tools,
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    // Blocks and not one text: joined, every agent that waits would hold a copy of the instructions.
    system: [{ type: 'text', text: system }, block(how, keeps.instructions), block(problem, keeps.problem)],
    messages: [{ role: 'user', content: task }],
    ...(thinks === null ? {} : { thinking: thinks }),
    ...(effort === null ? {} : { output_config: { effort } }),
  };
};

type Message = Omit<MessageCreateParamsStreaming, 'stream'>;

export interface RequestSettings
  extends Pick<ClaudeSettings, 'model' | 'maxTokens' | 'effort' | 'efforts' | 'thinking' | 'cacheMinutes'> {
  /** Whether this generator is asked for diagnoses. */
  readonly diagnoses: boolean;
}

const CACHE = { 5: { type: 'ephemeral' }, 60: { type: 'ephemeral', ttl: '1h' } } as const;

/** As code and English mostly come out, and rather few: a breakpoint that is too early costs nothing, one that is left out costs the whole prefix each time. */
const BYTES_PER_TOKEN = 3;

export interface Breakpoints {
  /** Behind tools and instructions. */
  readonly instructions: boolean;
  /** Behind problem and device: without it nothing is cached. */
  readonly problem: boolean;
}

/** Which of its prefixes are long enough for the model's cache. */
export const breakpointsOf = (
  { system, problem }: Prompt,
  { model, diagnoses }: Pick<RequestSettings, 'model' | 'diagnoses'>,
): Breakpoints => {
  const least = cacheTokensMin(model) * BYTES_PER_TOKEN;
  const bytes = Buffer.byteLength(system) + saying(diagnoses).bytes;
  return { instructions: bytes >= least, problem: bytes + Buffer.byteLength(problem) >= least };
};

/** Of everything that becomes tokens. */
export const promptBytes = ({ system, problem, task }: Prompt, diagnoses: boolean): number =>
  [system, problem, task].reduce((sum, text) => sum + Buffer.byteLength(text), saying(diagnoses).bytes);
