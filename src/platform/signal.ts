/** How a part tells of what happened without knowing who listens: parts are created in order, and those that come later subscribe. */
export interface Signal<T> {
  readonly emit: (value: T) => void;
  /** Listeners are called in the order in which they came. Returns what ends it. */
  readonly on: (listener: (value: T) => void) => () => void;
}

export const createSignal = <T = void>(): Signal<T> => {
  const listeners = new Set<(value: T) => void>();
  return {
    emit: (value) => listeners.forEach((listener) => listener(value)),
    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};
