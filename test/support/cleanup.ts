/** Undoes what a test has started, whatever has failed meanwhile. */
export interface Cleanup {
  add(undo: () => unknown): void
  /** Undoes everything, the last first, and throws the first error only then. */
  run(): Promise<void>
}

export function createCleanup(): Cleanup {
  const undone: (() => unknown)[] = []
  return {
    add: (undo) => void undone.unshift(undo),
    async run() {
      const errors: unknown[] = []
      for (const undo of undone.splice(0)) {
        try {
          await undo()
        } catch (error) {
          errors.push(error)
        }
      }
      if (errors.length > 0) throw errors[0]
    },
  }
}
