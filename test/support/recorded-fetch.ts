/** One request that this process made, and what came back. */
export interface RecordedExchange {
  readonly method: string
  readonly url: string
  readonly status: number
  /** Of the answer; `set-cookie` once per cookie. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Every exchange that goes through the global `fetch`, until `stop`. */
export interface RecordedFetch {
  readonly exchanges: readonly RecordedExchange[]
  stop(): void
}

/** Starts recording; what callers see of `fetch` does not change. */
export function recordFetch(): RecordedFetch {
  const exchanges: RecordedExchange[] = []
  const original = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const response = await original(input, init)
    const { status, headers } = response
    const url = input instanceof Request ? input.url : String(input)
    const body = await response.clone().text()
    exchanges.push({ method: init?.method ?? 'GET', url, status, headers: [...headers], body })
    return response
  }
  return {
    exchanges,
    stop() {
      globalThis.fetch = original
    },
  }
}
