import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { flowCookieName, MAX_FLOWS, surplusFlows } from '../../../src/consent/flow-cookies.ts'
import { flowCookie } from '../../../src/http/cookies.ts'
import { newConnectSessionId, newSecretValue } from '../../../src/shared/ids.ts'

const names = (count: number) => Array.from({ length: count }, (_, at) => `kg_${at}`)

describe('surplusFlows', () => {
  it('lets as many flows be as a browser may have, the new one included', () => {
    expect(surplusFlows(names(MAX_FLOWS - 1), 'kg_new')).toEqual([])
    expect(surplusFlows(names(MAX_FLOWS), 'kg_new')).toEqual(['kg_0'])
    expect(surplusFlows(names(MAX_FLOWS + 2), 'kg_new')).toEqual(['kg_0', 'kg_1', 'kg_2'])
  })

  it('does not count the flow itself when it starts again, and never takes it away', () => {
    expect(surplusFlows(names(MAX_FLOWS), 'kg_0')).toEqual([])
    expect(surplusFlows(names(MAX_FLOWS + 1), 'kg_0')).toEqual(['kg_1'])
  })

  it('leaves cookies of other kinds alone', () => {
    const others = names(100).map((name) => name.replace('kg_', 'other_'))

    expect(surplusFlows(others, 'kg_new')).toEqual([])
  })

  it('leaves at most as many as there may be, the newest', () => {
    fc.assert(
      fc.property(fc.nat(200), (count) => {
        const all = names(count)
        const gone = surplusFlows(all, 'kg_new')

        expect(all.slice(0, gone.length)).toEqual(gone)
        expect(count - gone.length + 1).toBeLessThanOrEqual(Math.max(MAX_FLOWS, 1))
      }),
    )
  })
})

it('the cookies of all flows together stay far below what a server reads', () => {
  const pairs = Array.from({ length: MAX_FLOWS }, () => {
    const [pair] = flowCookie(flowCookieName(newConnectSessionId()), newSecretValue(), 600).split(
      ';',
    )
    return pair
  })

  expect(pairs.join('; ').length).toBeLessThan(4096)
})
