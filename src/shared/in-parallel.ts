/**
 * Does the same work for many items, at most `limit` of them at a time.
 *
 * @throws What `work` threw first; nothing more is begun then, and what had begun has ended.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]()
  let isStopped = false

  async function workOff(): Promise<void> {
    while (!isStopped) {
      const next = left.next()
      if (next.done === true) return
      await work(next.value)
    }
  }

  const stop = (error: unknown): never => {
    isStopped = true
    throw error
  }
  const ended = await Promise.allSettled(Array.from({ length: limit }, () => workOff().catch(stop)))
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
