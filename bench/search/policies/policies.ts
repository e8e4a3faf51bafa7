/** What is compared: how a campaign is told to search, and what its model is shown. */
import type { z } from 'zod';
import type { CreateCampaign } from '../../../src/domain/api/campaigns.ts';
import type { GenerationContext } from '../../../src/domain/campaign/generation-context.ts';

export interface Policy {
  readonly name: string;
  readonly spec: Partial<z.input<typeof CreateCampaign>>;
  /** Whether params are tried beside the model. */
  readonly tunes: boolean;
  /** Whether ideas are proposed before they are written. */
  readonly diagnoses: boolean;
  /** Whether an earlier campaign on the same problem told it what it learned: not counted. */
  readonly recalls?: boolean;
  readonly shown: (context: GenerationContext) => GenerationContext;
}

/** As agents were told before: their own last attempts that were judged, and nothing of anybody else's. */
const before = (context: GenerationContext): GenerationContext => ({
  ...context,
  memory: [],
  tried: [],
  earlier: [],
  elsewhere: [],
  turns: [],
  attempts: context.attempts.filter(({ verdict }) => verdict !== null),
});
const whole = (context: GenerationContext): GenerationContext => context;
const PLAIN = { spec: { turns: 4, mix: 'fixed' as const }, tunes: true, diagnoses: false, shown: whole };

export const POLICIES: readonly Policy[] = [
  { ...PLAIN, name: 'before', spec: { turns: 1, mix: 'fixed' }, tunes: false, shown: before },
  { ...PLAIN, name: 'turns', tunes: false, shown: (context) => ({ ...before(context), turns: context.turns }) },
  { ...PLAIN, name: 'memory', spec: { turns: 1, mix: 'fixed' }, tunes: false },
  { ...PLAIN, name: 'params', spec: { turns: 1, mix: 'fixed' }, shown: before },
  { ...PLAIN, name: 'fixed' },
  { ...PLAIN, name: 'fixed+diagnoses', diagnoses: true },
  { ...PLAIN, name: 'learned', spec: { turns: 4, mix: 'learned' } },
  { ...PLAIN, name: 'learned+recall', recalls: true, spec: { turns: 4, mix: 'learned' } },
  { ...PLAIN, name: 'learned+diagnoses', diagnoses: true, spec: { turns: 4, mix: 'learned' } },
];
