import { setTimeout as wait } from 'node:timers/promises'

/**
 * Asks again until the answer is true, for what no event announces. An error counts as "not yet".
 *
 * @throws Error when it is not so after `withinMs`.
 */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      if (await isSo()) return
    } catch {
      // Not yet.
    }
    if (performance.now() > deadline) throw new Error(`not so after ${withinMs} ms`)
    await wait(20)
  }
}
