import { expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { createProxyReport } from '../../../src/proxy/report.ts'
import { createLog } from '../../../src/shared/log.ts'

const FACTS = {
  caller: { portal: { id: 'acme' }, apiKeyId: 'key1' },
  connectionId: 'conn_1',
  programId: 'emm-eu',
  product: 'kme',
  method: 'GET',
}

function world() {
  const events: AuditEvent[] = []
  const keys: string[] = []
  const counted: string[] = []
  const report = createProxyReport({
    audit: {
      tally(_kind, key, make) {
        keys.push(key)
        events.push(make())
      },
    },
    metrics: {
      called: (program, product, outcome) => void counted.push(`${program} ${product} ${outcome}`),
      refusedToken: (program, healing) => void counted.push(`${program} ${healing}`),
    },
    log: createLog('silent'),
    clock: () => 0,
  })
  return { report, events, keys, counted }
}

it('tells the trail what key calls what, and nothing of the path', () => {
  const { report, events } = world()
  report(FACTS).begun()

  expect(events).toEqual([
    {
      event: 'call_proxied',
      portalId: 'acme',
      programId: 'emm-eu',
      connectionId: 'conn_1',
      subject: 'kme',
      reason: 'GET',
    },
  ])
})

it('counts keys, connections, products and methods each for itself', () => {
  const { report, keys } = world()
  const others = [
    { caller: { ...FACTS.caller, apiKeyId: 'key2' } },
    { connectionId: 'conn_2' },
    { product: 'kdp' },
    { method: 'PUT' },
  ]
  for (const other of [{}, ...others]) report({ ...FACTS, ...other }).begun()

  expect(new Set(keys).size).toBe(5)
})

it.each([
  [200, '2xx'],
  [299, '2xx'],
  [300, '3xx'],
  [399, '3xx'],
  [400, '4xx'],
  [499, '4xx'],
  [500, '5xx'],
  ['broken', 'broken'],
  ['failed', 'failed'],
] as const)('counts %s as %s', (how, outcome) => {
  const { report, counted } = world()
  report(FACTS).ended(how)

  expect(counted).toEqual([`emm-eu kme ${outcome}`])
})

it('counts what became of a refused credential', () => {
  const { report, counted } = world()
  report(FACTS).ended(200, 'healed')

  expect(counted).toEqual(['emm-eu kme 2xx', 'emm-eu healed'])
})
