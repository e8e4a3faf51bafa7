/** A prompt as a request to the Messages API. */
import type {
  MessageCreateParamsStreaming,
  TextBlockParam,
  ThinkingConfigParam,
  Tool,
} from '@anthropic-ai/sdk/resources/messages';
import type { ClaudeSettings } from '../../domain/campaign/generator-settings.ts';
import type { Prompt } from '../prompt/build-prompt.ts';
import { DRAFT_SCHEMA } from '../answers/model-draft.ts';

const TOOL_NAME = 'submit_candidate';

const TOOL: Tool = {
  name: TOOL_NAME,
  description:
    'Hands in your candidate. Kiln compiles, checks and times it. Call it exactly once, with the whole file as `source`, or with `edits` of the first parent.',
  input_schema: DRAFT_SCHEMA,
};

/** Never forced: models that always think refuse forced tools. */
const HOW_TO_ANSWER = `Answer by calling the tool ${TOOL_NAME} once. What you write outside of the call is read by nobody.`;

/**
 * Tool and instructions, then problem and device, each end in a cache breakpoint: agents on any problem share the first part, those on the
 * same problem and device share both.
 */
export const requestOf = (
  { system, problem, task }: Prompt,
  { model, maxTokens, effort, thinking, cacheMinutes }: RequestSettings,
): MessageCreateParamsStreaming => {
  const cached = (text: string): TextBlockParam => ({ type: 'text', text, cache_control: CACHE[cacheMinutes] });
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    tools: [TOOL],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    // Blocks and not one text: joined, every agent that waits would hold a copy of the instructions.
    system: [{ type: 'text', text: system }, cached(HOW_TO_ANSWER), cached(problem)],
    messages: [{ role: 'user', content: task }],
    ...(thinking === null ? {} : { thinking: thinkingOf(thinking) }),
    ...(effort === null ? {} : { output_config: { effort } }),
  };
};

type RequestSettings = Pick<ClaudeSettings, 'model' | 'maxTokens' | 'effort' | 'thinking' | 'cacheMinutes'>;

const CACHE = { 5: { type: 'ephemeral' }, 60: { type: 'ephemeral', ttl: '1h' } } as const;

const thinkingOf = (thinking: NonNullable<ClaudeSettings['thinking']>): ThinkingConfigParam => {
  if (thinking === 'adaptive') return { type: 'adaptive' };
  return thinking === 'off' ? { type: 'disabled' } : { type: 'enabled', budget_tokens: thinking };
};

const TOOL_BYTES = Buffer.byteLength(JSON.stringify(TOOL));

/** Of everything that becomes tokens. */
export const promptBytes = ({ system, problem, task }: Prompt): number =>
  [system, HOW_TO_ANSWER, problem, task].reduce((sum, text) => sum + Buffer.byteLength(text), TOOL_BYTES);
