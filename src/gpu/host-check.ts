/** One line of what `kiln doctor` says about a host. */
export interface HostCheck {
  readonly check: string;
  readonly ok: boolean;
  /** What is there, or what went wrong. */
  readonly found: string;
  /** What to do; null when there is nothing to do. */
  readonly remedy: string | null;
}

export const good = (check: string, found: string): HostCheck => ({ check, ok: true, found, remedy: null });
export const bad = (check: string, found: string, remedy: string): HostCheck => ({ check, ok: false, found, remedy });
