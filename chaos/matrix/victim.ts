import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from '../../scripts/stack/child.ts'
import { createCall } from '../../scripts/stack/portal-client.ts'
import { type ServiceProcess, startServiceProcess } from '../../scripts/stack/service-process.ts'
import type { Cleanup } from '../../test/support/cleanup.ts'
import { eventually } from '../../test/support/eventually.ts'
import { startRedisFaultProxy } from '../../test/support/redis-fault-proxy.ts'
import { type Asking, askForToken } from './asking.ts'
import { startHttpFaultProxy } from './http-proxy.ts'
import { collectIntents, type StoredIntent } from './intents.ts'
import type { Ways } from './points.ts'
import type { World } from './world.ts'

/** A process of the service that talks to nobody but through proxies. */
export interface Victim {
  readonly ways: Ways
  readonly intents: readonly StoredIntent[]
  ask(connectionId: string): Asking
  output(): string
  /** Ends it where it stands (SIGKILL). */
  kill(): Promise<void>
  /** Stops it where it stands (SIGSTOP); resolves when it has stopped. */
  freeze(): Promise<void>
  thaw(): void
  /** Ends it as an operator would (SIGTERM). @returns Its exit code. */
  end(): Promise<number | null>
}

/** Starts the process on the store of a world. */
export async function startVictim(
  world: World,
  cleanup: Cleanup,
  environment: Readonly<Record<string, string>> = {},
): Promise<Victim> {
  const { stack, sandbox, redisPort, entry } = world
  const redis = await startRedisFaultProxy(redisPort)
  cleanup.add(() => redis.stop())
  const intents = collectIntents(redis)
  const upstream = await startHttpFaultProxy(portOf(sandbox.url))
  cleanup.add(() => upstream.stop())
  const config = copyConfig(stack.env.CONFIG_DIR ?? '', sandbox.url, upstream.url)
  cleanup.add(config.remove)
  const own = { PORT: '0', REDIS_URL: redis.url, CONFIG_DIR: config.path }
  const env = { ...stack.env, ...own, ...environment }
  const service = await startServiceProcess(env, entry)
  cleanup.add(async () => {
    service.signal('SIGKILL')
    await service.ended
  })
  const portal = await startHttpFaultProxy(portOf(service.url))
  cleanup.add(() => portal.stop())
  const call = createCall(portal.url, stack.apiKey())
  return {
    ways: { redis, upstream, portal },
    intents,
    ask: (connectionId) => askForToken(call, connectionId),
    ...controlsOf(service),
  }
}

const controlsOf = (
  service: ServiceProcess,
): Pick<Victim, 'output' | 'kill' | 'freeze' | 'thaw' | 'end'> => ({
  output: service.output,
  async kill() {
    service.signal('SIGKILL')
    await service.ended
  },
  async freeze() {
    service.signal('SIGSTOP')
    await eventually(async () => (await stateOf(service.pid)) === 'T')
  },
  thaw: () => service.signal('SIGCONT'),
  end: service.stop,
})

/** The state of a process, by Linux: `T` is stopped. */
async function stateOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The name of the program comes before it, in parentheses, and may hold any character.
  return /.*\) (\S)/.exec(stat)?.[1]
}

const portOf = (url: string): number => Number(new URL(url).port)

/** The same configuration, but that Samsung is elsewhere. */
function copyConfig(from: string, samsung: string, elsewhere: string) {
  const path = mkdtempSync(join(tmpdir(), 'knoxgate-config-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  const cancel = atExit(remove)
  cpSync(from, path, { recursive: true })
  const programs = join(path, 'programs.json')
  writeFileSync(programs, readFileSync(programs, 'utf8').replaceAll(samsung, elsewhere))
  return {
    path,
    remove() {
      cancel()
      remove()
    },
  }
}
