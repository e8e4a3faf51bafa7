/** What the feeding controller is told of a device class, over everybody who submits to it. */
export interface Load {
  /** Devices that take work now. */
  readonly slots: number;
  /** Queued, compiling or ready; answers that are not submitted yet, or were since the queue was looked at, among them. */
  readonly waiting: number;
  /** Being judged or confirmed. */
  readonly running: number;
  /** Asked and not answered. */
  readonly thinking: number;
}
