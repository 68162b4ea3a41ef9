/** What becomes of the bytes that are held. */
export type Release = 'pass' | 'cut'

/** Marks one moment of a process, and holds what is on the wire at that moment. */
export interface Tripwire {
  /** Resolves when the moment has come. */
  readonly reached: Promise<void>
  /** Is called at the moment, and holds. What comes after the release passes. */
  trip(): Promise<Release>
  /** Holds without marking the moment: for what must not get past it. */
  hold(): Promise<Release>
  release(how: Release): void
}

export function createTripwire(): Tripwire {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<Release>()
  let isReleased = false
  const hold = async (): Promise<Release> => (isReleased ? 'pass' : released.promise)
  return {
    reached: reached.promise,
    trip() {
      reached.resolve()
      return hold()
    },
    hold,
    release(how) {
      isReleased = true
      released.resolve(how)
    },
  }
}
