import { afterEach, expect, it } from '@jest/globals'
import { endStore, openSentinelStore, stopMaster } from '../../chaos/sentinel.ts'
import { runDrill } from '../../chaos/topology/drill.ts'
import { SERVER_ARGS, SERVICE_MAY_TAKE_MS } from '../../chaos/topology/settings.ts'
import { createCleanup } from '../support/cleanup.ts'
import { guardedAccess } from '../support/redis-access.ts'
import { startSentinelTopology } from '../support/redis-sentinel-topology.ts'

const DOWN_AFTER_MS = 1000

const cleanup = createCleanup()
afterEach(cleanup.run)

it('loses no renewal when the master behind sentinels hangs, over TLS and as the least user, and is back in time', async () => {
  const { access, env } = await guardedAccess(cleanup)
  const topology = await startSentinelTopology({
    downAfterMs: DOWN_AFTER_MS,
    args: SERVER_ARGS,
    access,
  })
  cleanup.add(topology.stop)
  const store = await openSentinelStore(topology, access)
  cleanup.add(() => endStore(store))
  const said: string[] = []
  const problems: string[] = []
  const context = {
    entry: 'src/main.ts',
    argument: '',
    say: (line: string) => void said.push(line),
    problem: (what: string) => void problems.push(what),
    cleanup,
  }

  await runDrill(context, {
    ...{ store, env, connections: 6, replicas: 1 },
    blows: [{ ...stopMaster(topology), mend: async () => {} }],
    withinMs: DOWN_AFTER_MS + SERVICE_MAY_TAKE_MS,
    marginMs: 500,
    quietMs: 1000,
  })

  expect({ problems, said }).toEqual({ problems: [], said: expect.any(Array) })
  // Otherwise nothing was struck.
  expect(said.join('\n')).toMatch(/store_primary_changed × [1-9]/)
}, 60_000)
