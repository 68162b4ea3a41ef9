import { ServiceError } from '../shared/errors.ts'

/** One way to the server, on which a batch is answered before the next one is sent. */
export interface Lane<Item, Answer> {
  /** @throws ServiceError `store_unavailable` when the item was not sent; what `sendBatch` rejects with. */
  send(item: Item): Promise<Answer>
}

interface Waiting<Item, Answer> extends Pick<PromiseWithResolvers<Answer>, 'resolve' | 'reject'> {
  readonly item: Item
}

/**
 * Creates a lane. What comes while a batch is under way goes together in the next: so nobody waits for
 * more than one batch before his own, however many there are.
 *
 * @param sendBatch - Answers per item, in order. Throws when no answer came: then what waits behind is
 * not sent after it, because the server is hung or gone.
 */
export function createLane<Item, Answer>(
  sendBatch: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Answer>[]>,
): Lane<Item, Answer> {
  const waiting: Waiting<Item, Answer>[] = []
  let isBusy = false

  async function sendNext(): Promise<void> {
    const batch = waiting.splice(0)
    try {
      const answers = await sendBatch(batch.map(({ item }) => item))
      for (const [n, { resolve, reject }] of batch.entries()) {
        const answer = answers[n]
        if (answer?.status === 'fulfilled') resolve(answer.value)
        else reject(answer?.reason)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
      for (const { reject } of waiting.splice(0)) {
        reject(new ServiceError('store_unavailable', { retryAfterSeconds: 1 }))
      }
    }
  }

  async function sendAll(): Promise<void> {
    if (isBusy) return
    isBusy = true
    while (waiting.length > 0) await sendNext()
    isBusy = false
  }

  return {
    send(item) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      waiting.push({ item, resolve, reject })
      void sendAll()
      return promise
    },
  }
}
