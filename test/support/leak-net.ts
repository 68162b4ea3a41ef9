import type { Redis } from 'ioredis'
import type { ServiceProcess } from '../../scripts/stack/service-process.ts'
import type { Stack } from '../../scripts/stack/stack.ts'
import { within } from '../../src/shared/time.ts'
import { createCanary } from './canary.ts'
import { type HeardAnswer, listenToAnswers } from './heard-answers.ts'
import { everyByteUnder, everythingRedisTells, watchCommands } from './redis-files.ts'
import { leaksInAnswer } from './service-answers.ts'
import {
  addAnswered,
  addApiKey,
  addConfiguration,
  addIssued,
  addPrivateKey,
} from './stack-secrets.ts'

/** The Redis of a stack. */
export interface WatchedRedis {
  readonly db: Redis
  /** Its files; only of a server that is the stack's own. */
  readonly dir?: string
}

/**
 * Under a stack from its start to its end: knows its secrets, and looks for them in everything that its
 * services have written, answered and stored.
 */
export interface LeakNet {
  /** One more service of the stack, and the environment it was given. */
  watch(service: ServiceProcess, env: Readonly<Record<string, string>>): void
  /** Reads what operators are shown and what Redis has, while they are there. Comes before the end. */
  beforeEnd(): Promise<void>
  /** Comes when everything has stopped. @throws Error that names each secret that got out, and where */
  afterEnd(): Promise<void>
}

/** What a test has taken away is not waited for longer than this. */
const REDIS_MS = 5000
const OPERATOR_MS = 2000
/** What operators are shown; it is heard like any other answer. */
const SHOWN = ['/metrics', '/readyz?verbose', '/admin/v1/status']
/** Every command is slow to it. */
const SLOWLOG = ['slowlog-log-slower-than', '0', 'slowlog-max-len', '10000'] as const

/** Spreads the net; from now on nothing may be closed but by way of it. */
export async function spreadNet(stack: Stack, redis?: WatchedRedis): Promise<LeakNet> {
  const canary = createCanary()
  const listening = listenToAnswers()
  const services = new Map<ServiceProcess, Readonly<Record<string, string>>>()
  const places = new Map<string, string>()
  const monitor = redis?.dir === undefined ? undefined : await watchCommands(redis.db)
  if (redis?.dir !== undefined) await redis.db.config('SET', ...SLOWLOG)
  addPrivateKey(canary, stack.sandbox)
  for (const { id } of stack.portals) addApiKey(canary, stack.apiKey(id))

  function watch(service: ServiceProcess, env: Readonly<Record<string, string>>): void {
    services.set(service, env)
    addConfiguration(canary, env)
  }
  for (const service of stack.services) watch(service, stack.env)

  async function showOperator(): Promise<void> {
    const asking = [...services].flatMap(([{ adminUrl }, { ADMIN_TOKEN = '' }]) =>
      SHOWN.map(async (path) => {
        const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
        const signal = AbortSignal.timeout(OPERATOR_MS)
        // Processes that a test has ended show nothing.
        await fetch(adminUrl + path, { headers, signal }).catch(() => {})
      }),
    )
    await Promise.all(asking)
  }

  async function readRedis({ db, dir }: WatchedRedis): Promise<void> {
    places.set('what Redis tells', await everythingRedisTells(db))
    if (dir === undefined) return
    await db.save().catch(() => {})
    places.set('the files of Redis', await everyByteUnder(dir))
  }

  return {
    watch,

    async beforeEnd() {
      addIssued(canary, stack.sandbox)
      await showOperator()
      if (redis !== undefined) await within(REDIS_MS, readRedis(redis), undefined).catch(() => {})
    },

    async afterEnd() {
      const answers = await listening.answers()
      listening.stop()
      monitor?.stop()
      places.set('the commands to Redis', monitor?.commands.join('\n') ?? '')
      for (const { pid, output } of services.keys())
        places.set(`the output of process ${pid}`, output())
      addIssued(canary, stack.sandbox)
      for (const answer of answers) addAnswered(canary, answer)
      const found = [
        ...[...places].flatMap(([place, text]) => canary.find(place, text)),
        ...answers
          .filter(isFrom([...services.keys()]))
          .flatMap((answer) => leaksInAnswer(canary, answer)),
      ].map(({ secret, encoding, place }) => `${secret} (${encoding}) in ${place}`)
      if (found.length > 0) throw new Error(`secrets got out:\n${[...new Set(found)].join('\n')}`)
    },
  }
}

/** By port, because a service has several names on the loopback. */
function isFrom(services: readonly ServiceProcess[]): (answer: HeardAnswer) => boolean {
  const origins = services.flatMap(({ url, adminUrl }) => [url, adminUrl])
  const ports = new Set(origins.map((origin) => new URL(origin).port))
  return ({ url }) => ports.has(new URL(url).port)
}
