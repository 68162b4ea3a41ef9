import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditSink } from '../../../src/audit/sink.ts'
import { createRedisAuditSink } from '../../../src/audit/sink-redis.ts'
import { createVerifier } from '../../../src/audit/verify.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { startCluster, startSentinelGroup } from '../../support/redis-topologies.ts'
import { chainOf } from '../../unit/audit/support/chains.ts'

describe.each([
  ['a cluster', startCluster],
  ['sentinels', startSentinelGroup],
] as const)('the trail on %s', (_, start) => {
  const cleanup = createCleanup()
  let sink: AuditSink

  beforeAll(async () => {
    const group = await start()
    cleanup.add(group.stop)
    sink = createRedisAuditSink({
      url: new Secret(group.url),
      timeoutMs: 5000,
      retentionMs: 86_400_000,
      maxEntries: 10_000,
      log: createLog('silent'),
    })
    cleanup.add(sink.close)
  })
  afterAll(cleanup.run)

  it('takes the chains of several processes and gives them back whole', async () => {
    const chains = ['a', 'b', 'c'].map((id) => chainOf(id, 300))

    for (const chain of chains) expect(await sink.append(chain)).toBe('ok')
    for (const chain of chains) expect(await sink.append(chain)).toBe('ok')

    const verifier = createVerifier({ complete: true })
    for await (const { id, text } of sink.read()) verifier.take(text, id)
    const { chains: found, bad } = verifier.end()
    expect(bad).toEqual([])
    expect(found.map(({ entries }) => entries)).toEqual([300, 300, 300])
  })
})
