/** One request to whatever server, and what came back. */
export interface HeardAnswer {
  readonly method: string
  readonly url: string
  /** When it was a text. */
  readonly requestBody: string
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Everything that was answered to this test file since the start. */
export interface Listening {
  /** Once bodies that are under way have come, or broken off. */
  answers(): Promise<readonly HeardAnswer[]>
  stop(): void
}

const listeners = new Set<(answer: Promise<HeardAnswer | null>) => void>()

/** Tells those who listen of an answer that did not come by the global `fetch`. */
export function tellAnswer(answer: HeardAnswer): void {
  for (const listener of listeners) listener(Promise.resolve(answer))
}

/** Listens to the global `fetch`, and to `tellAnswer`. Callers of `fetch` notice nothing. */
export function listenToAnswers(): Listening {
  const heard: Promise<HeardAnswer | null>[] = []
  const listener = (answer: Promise<HeardAnswer | null>) => void heard.push(answer)
  listeners.add(listener)
  if (globalThis.fetch !== listenedFetch) {
    original = globalThis.fetch
    globalThis.fetch = listenedFetch
  }
  return {
    async answers() {
      return (await Promise.all(heard)).filter((answer) => answer !== null)
    },
    stop() {
      listeners.delete(listener)
      if (listeners.size === 0 && globalThis.fetch === listenedFetch) globalThis.fetch = original
    },
  }
}

let original = globalThis.fetch

const listenedFetch: typeof fetch = async (input, init) => {
  const response = await original(input, init)
  if (listeners.size === 0) return response
  const copy = response.clone()
  const answer = readCopy(copy, input instanceof Request ? input.url : String(input), init)
  for (const listener of listeners) listener(answer)
  return response
}

/** Null when its body broke off, as happens to callers who hang up. */
async function readCopy(
  copy: Response,
  url: string,
  { method = 'GET', body }: RequestInit = {},
): Promise<HeardAnswer | null> {
  const requestBody = typeof body === 'string' ? body : ''
  const { status, headers } = copy
  try {
    return { method, url, requestBody, status, headers: [...headers], body: await copy.text() }
  } catch {
    return null
  }
}
