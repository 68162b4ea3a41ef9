import type { Store } from '../../src/vault/store.ts'

/** A store that can be told that another server decides now. */
export interface SwitchableStore {
  readonly store: Store
  /** Tells all who listen, as a store does after a failover. */
  switchPrimary(): void
}

/** Wraps any store; what the store itself tells goes through. */
export function withPrimaryChange(store: Store): SwitchableStore {
  const listeners: (() => void)[] = []
  const switchPrimary = (): void => {
    for (const listener of listeners) listener()
  }
  store.onPrimaryChange(switchPrimary)
  return {
    store: { ...store, onPrimaryChange: (listener) => void listeners.push(listener) },
    switchPrimary,
  }
}
