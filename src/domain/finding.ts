/** One thing that `kiln doctor` looked at. */
export interface Finding {
  readonly check: string;
  readonly found: string;
  /** What to do; null where it is good. */
  readonly remedy: string | null;
}
