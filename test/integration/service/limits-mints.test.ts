import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type LimitedService, startLimited } from '../../support/limited-service.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const TWO = { LIMITS_MINTS_PER_CONNECTION: '2', KNOX_TOKEN_REJECTED_INTERVAL: '1ms' }

let rig: Rig
let one: string
let two: string

beforeAll(async () => {
  rig = await startRig()
  one = await rig.connect('tenant-1')
  two = await rig.connect('tenant-2', 'ben')
})
afterAll(() => rig?.close())

const token = ({ call }: LimitedService, id: string, body?: object) =>
  call('POST', `/v1/connections/${id}/token`, body)

it('a connection causes as many exchanges as it may, and its last token is given out on', async () => {
  const service = await startLimited(rig, TWO)
  const first = await token(service, one)
  const second = await token(service, one, { rejected: first.body.token_id })
  expect(second.body.token_id).not.toBe(first.body.token_id)

  const third = await token(service, one, { rejected: second.body.token_id })

  expect(third.status).toBe(429)
  expect(third.body).toMatchObject({
    code: 'rate_limited',
    detail: 'the limit mints is 2 in 3600 s',
    connection_id: one,
  })
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(3500)
  const kept = await token(service, one)
  expect([kept.status, kept.body]).toEqual([200, second.body])
  expect((await token(service, two)).status).toBe(200)
  expect(await service.metric('knoxgate_rate_limited_total{limit="mints"}')).toBe(1)
})

it('what Samsung could not do is not on the account of the connection', async () => {
  const service = await startLimited(rig, TWO)
  const { token_id: rejected } = (await token(service, two)).body
  rig.sandbox.addFault({ on: 'ams', times: 4, do: { kind: 'status', status: 503 } })
  for (let time = 0; time < 4; time++)
    expect((await token(service, two, { rejected })).status).toBe(503)

  const made = await token(service, two, { rejected })
  const again = await token(service, two, { rejected: made.body.token_id })
  const tooMany = await token(service, two, { rejected: again.body.token_id })

  expect([made.status, again.status, tooMany.status]).toEqual([200, 200, 429])
})

it('what Samsung refuses for want of trust is', async () => {
  const service = await startLimited(rig, TWO)
  const { token_id: rejected } = (await token(service, one)).body
  const action = { kind: 'code', code: 4030100, status: 403, message: 'no trust' } as const
  rig.sandbox.addFault({ on: 'ams', times: 5, do: action })

  const seen: string[] = []
  for (let time = 0; time < 3; time++)
    seen.push((await token(service, one, { rejected })).body.code)

  expect(seen).toEqual(['trust_missing', 'trust_missing', 'rate_limited'])
})
