/** Milliseconds since 1970-01-01T00:00:00Z. Seconds exist on the wire only. */
export type EpochMs = number

/** Tells the time. Passed in everywhere, so that tests can move it. */
export type Clock = () => EpochMs

/** Writes a time as RFC 3339 in UTC, whole seconds kept as they are: `2026-11-20T17:00:00.000Z`. */
export const toRfc3339 = (at: EpochMs): string => new Date(at).toISOString()

/** Waits. The timer does not keep the process alive. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}

/** What a promise gives, or `late` when it gives nothing in time. What it does after is nobody's. */
export async function within<T>(ms: number, work: Promise<T>, late: T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>()
  const timer = setTimeout(resolve, ms, late).unref()
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
