/**
 * Anybody's own agent: a program that reads the context as JSON on standard input and writes one candidate to standard output, as a Draft in
 * JSON or as a bare source file that begins with its plan. It runs without a shell, in a process group of its own.
 */
import { NO_USAGE } from '../../domain/campaign/campaign.ts';
import type { Generator } from '../generator.ts';
import { baseOf, shownSources } from '../answers/shown-sources.ts';
import { readDraft } from './read-draft.ts';
import { type Program, runProgram, STOPPED } from './run-program.ts';

/** From kiln.yaml alone: whoever may set `argv` may run anything as the daemon's user. */
export interface CommandSettings extends Program {
  readonly name: string;
}

export const createCommand = (settings: CommandSettings): Generator => ({
  name: settings.name,
  kind: 'command',
  unavailable: null,
  isPaid: false,
  readsProfiles: true,
  reserveMicros: () => 0,
  next: async (context, signal) => {
    const end = signal.aborted ? STOPPED : await runProgram(settings, `${JSON.stringify(context)}\n`, signal);
    const answer =
      end.failure === null
        ? readDraft(end.stdout, { languages: context.languages, shown: shownSources(context), base: baseOf(context) })
        : end;
    if (answer.failure === null) return { ok: true, draft: answer.draft, usage: NO_USAGE };
    return { ok: false, failure: answer.failure, message: `${settings.argv[0]}: ${answer.message}`, usage: NO_USAGE };
  },
});
