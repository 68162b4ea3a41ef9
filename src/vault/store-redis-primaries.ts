import { countKeys, identityOf, judge, type Known } from './redis-primaries.ts'
import { unlessRefused } from './store-redis-facts.ts'
import type { RedisLink } from './store-redis-link.ts'
import { type Decider, decidersOf } from './store-redis-nodes.ts'

/** How many keys there are, on all servers that decide together. */
export interface KeyCount {
  readonly keys: number
  /** Set when another server decides than at the last count: how many there were then. */
  readonly before?: number
}

/** Watches which server decides at the other end of a link. */
export interface PrimaryWatch {
  /** Resolves when every server that answers was asked once. */
  start(): Promise<void>
  /** Tells of a server that may be another one than before, as soon as it answers. */
  onChange(listener: () => void): void
  /** Tells how many keys there are, whenever all servers have said so. */
  onCount(listener: (count: KeyCount) => void): void
  stop(): void
}

/** While slots are moved one by one, each of them is a change. */
const TELL_EVERY_MS = 1000

const isConnected = ({ server }: Decider): boolean =>
  server?.status === 'ready' || server?.status === 'wait'

/**
 * Creates the watch. Every server is asked on its own, so that a hung one holds up no news of another:
 * after each connection, whenever a cluster's slots were looked up, and every `everyMs`.
 */
export function createPrimaryWatch(link: RedisLink, everyMs: number): PrimaryWatch {
  const { client } = link
  const known = new Map<string, Known>()
  const asking = new Map<string, { isStale: boolean }>()
  const changeListeners: (() => void)[] = []
  const count = createCount()
  const tell = atMostEvery(TELL_EVERY_MS, () => {
    for (const listener of changeListeners) listener()
  })
  let timer: NodeJS.Timeout | undefined
  let isStarted = false

  async function askOnce({ place, slots, server }: Decider): Promise<void> {
    if (server === undefined) return
    const connection = link.losses()
    const identity = identityOf(await unlessRefused(server.info()), server.options.db ?? 0)
    const judgement = judge(known.get(place), identity, slots, connection)
    known.set(place, judgement.known)
    if (judgement.changed && isStarted) {
      count.changed()
      tell()
    }
    // A name or a sentinel may lead elsewhere by now; a cluster says so by itself.
    if (judgement.demoted && server === client) server.disconnect(true)
  }

  async function ask(decider: Decider): Promise<void> {
    const { place } = decider
    const running = asking.get(place)
    if (running !== undefined) {
      running.isStale = true
      return
    }
    const own = { isStale: false }
    asking.set(place, own)
    // One that does not answer is asked again when it is connected, and with the next round.
    await askOnce(decider).catch(() => {})
    asking.delete(place)
    if (own.isStale) look()
    count.tell(countKeys(decidersOf(client).map((one) => known.get(one.place))))
  }

  function askAll(): Promise<unknown> {
    const deciders = decidersOf(client)
    const places = new Set(deciders.map(({ place }) => place))
    for (const place of known.keys()) if (!places.has(place)) known.delete(place)
    return Promise.all(deciders.filter(isConnected).map(ask))
  }
  const look = (): void => void askAll()

  return {
    async start() {
      link.onReady(look)
      timer = setInterval(look, everyMs).unref()
      await askAll()
      isStarted = true
    },
    onChange: (listener) => void changeListeners.push(listener),
    onCount: count.listen,
    stop: () => clearInterval(timer),
  }
}

/** The first call acts at once; those that come soon after act together, when the time is over. */
function atMostEvery(ms: number, act: () => void): () => void {
  let isWaiting = false
  let isDue = false

  function over(): void {
    isWaiting = false
    if (isDue) call()
  }
  function call(): void {
    isDue = isWaiting
    if (isWaiting) return
    isWaiting = true
    setTimeout(over, ms).unref()
    act()
  }
  return call
}

/** Tells the number of keys, and beside it the one before a change. */
function createCount() {
  const listeners: ((count: KeyCount) => void)[] = []
  let last: number | null = null
  let hasChanged = false

  return {
    listen: (listener: (count: KeyCount) => void) => void listeners.push(listener),
    changed() {
      hasChanged = true
    },
    tell(keys: number | null) {
      if (keys === null) return
      const count = { keys, ...(hasChanged && last !== null ? { before: last } : {}) }
      last = keys
      hasChanged = false
      for (const listener of listeners) listener(count)
    },
  }
}
