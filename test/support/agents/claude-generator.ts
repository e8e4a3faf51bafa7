/** Claude as it asks a stand-in of the Messages API. */
import { pino } from 'pino';
import { type ClaudeDeps, createClaude } from '../../../src/agents/generators/claude.ts';
import { RETRY_LIMITS } from '../../../src/agents/generators/retry.ts';
import type { Generator } from '../../../src/agents/generator.ts';
import { ClaudeSettings } from '../../../src/domain/campaign/generator-settings.ts';
import { SOURCE } from './generation-context.ts';
import { createHurriedClock } from './hurried-clock.ts';

export const KEY = 'sk-of-the-tests';
/** What it may answer. */
export const DRAFT = { language: 'c', idea: 'restrict', note: 'no aliases', source: SOURCE, params: { BLOCK: 64 } };
/** Nobody stops it. */
export const NEVER = new AbortController().signal;

export const claudeAt = (baseUrl: string, settings: Partial<ClaudeSettings> = {}, deps: Partial<ClaudeDeps> = {}): Generator =>
  createClaude(ClaudeSettings.parse({ kind: 'claude', maxTokens: 4000, ...settings }), {
    name: 'claude',
    apiKey: KEY,
    baseUrl,
    log: pino({ level: 'silent' }),
    clock: createHurriedClock(),
    now: Date.now,
    random: () => 0.5,
    retries: RETRY_LIMITS,
    ...deps,
  });
