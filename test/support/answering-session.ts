/** A scripted host session whose runner answers whatever it is asked, a turn later: one GPU that judges one candidate after another. */
import type { AttemptId, ContentHash, DeviceId } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { CompileUnit, JudgeTask } from '../../src/domain/protocol.ts';
import { passed } from './judgements.ts';
import { artifactOf, ScriptedHostSession, sourceOf } from './scripted-host-session.ts';

interface Answers {
  readonly judgeMs?: number;
  readonly outcomeOf?: (source: string) => Outcome;
}

export class AnsweringSession extends ScriptedHostSession {
  readonly #judgeMs: number;
  readonly #outcomeOf: (source: string) => Outcome;
  readonly #sources = new Map<ContentHash, string>();
  readonly #queued: JudgeTask[] = [];
  #running: AttemptId | null = null;

  constructor(name: string, { judgeMs = 0, outcomeOf = () => passed(1) }: Answers = {}) {
    super(name, 1, { said: () => undefined, nameOfSource: (source) => source, nameOfId: (id) => id });
    this.#judgeMs = judgeMs;
    this.#outcomeOf = outcomeOf;
  }

  override compile(compileId: string, unit: CompileUnit): boolean {
    const source = sourceOf(unit);
    this.#sources.set(artifactOf(source), source);
    return this.#then(super.compile(compileId, unit), () => this.compiled(source));
  }

  override judge(task: JudgeTask): boolean {
    const sent = super.judge(task);
    if (sent) this.#queued.push(task);
    return this.#then(sent, () => this.#beginNext());
  }

  override retract(attemptIds: readonly AttemptId[]): boolean {
    const back = attemptIds.filter((attemptId) => this.#forget(attemptId));
    return this.#then(super.retract(attemptIds), () => this.retracted(...back));
  }

  override cancel(attemptId: AttemptId): boolean {
    const isHeld = this.#forget(attemptId) || this.#running === attemptId;
    if (this.#running === attemptId) this.#running = null;
    return this.#then(super.cancel(attemptId), () => {
      if (isHeld) this.judged(attemptId, { verdict: 'cancelled' });
      this.#beginNext();
    });
  }

  override fetchArtifact(artifact: ContentHash): boolean {
    return this.#then(super.fetchArtifact(artifact), () => this.hasNot());
  }

  override lend(lendId: string, deviceId: DeviceId): boolean {
    return this.#then(super.lend(lendId, deviceId), () => this.lends());
  }

  override refresh(refreshId: string): boolean {
    return this.#then(super.refresh(refreshId), () => this.refreshed());
  }

  #then(sent: boolean, answer: () => void): boolean {
    if (sent) setImmediate(() => this.isConnected && answer());
    return sent;
  }

  #forget(attemptId: AttemptId): boolean {
    const at = this.#queued.findIndex((task) => task.attemptId === attemptId);
    if (at !== -1) this.#queued.splice(at, 1);
    return at !== -1;
  }

  #beginNext(): void {
    const next = this.#running === null ? this.#queued.shift() : undefined;
    if (!next) return;
    const { attemptId, artifact } = next;
    this.#running = attemptId;
    this.begins(attemptId);
    setTimeout(() => {
      if (!this.isConnected || this.#running !== attemptId) return;
      this.#running = null;
      this.judged(attemptId, this.#outcomeOf(this.#sources.get(artifact) ?? ''));
      this.#beginNext();
    }, this.#judgeMs);
  }
}
