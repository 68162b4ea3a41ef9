import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type Canary, createCanary } from '../../test/support/canary.ts'
import { everythingRedisTells } from '../../test/support/redis-files.ts'
import type { Evidence } from './evidence.ts'
import type { Customer, World } from './world.ts'

const tokenMaps = ({ state }: Pick<Sandbox, 'state'>) =>
  ({
    'refresh token': state.refreshTokens,
    'access token': state.accessTokens,
    'Knox token': state.kcsTokens,
  }) as const

/** Tokens of a customer, live or spent, in its record or in a log, in whatever encoding. */
export function findLeaks(
  { stored, output, told }: Pick<Evidence, 'stored' | 'output' | 'told'>,
  customer: Customer,
  sandbox: Pick<Sandbox, 'state'>,
): readonly string[] {
  const canary = createCanary()
  addTokens(canary, sandbox, customer)
  for (const { token } of told) if (token !== undefined) canary.add('signed token', token)
  return [
    ...canary.find('the record', stored),
    ...canary.find('the log', output.victim),
    ...canary.find("the other process's log", output.peer),
  ].map(({ secret, encoding, place }) => `a ${secret} (${encoding}) in ${place}`)
}

function addTokens(canary: Canary, sandbox: Pick<Sandbox, 'state'>, { family }: Customer): void {
  for (const [kind, tokens] of Object.entries(tokenMaps(sandbox)))
    for (const [value, { familyId }] of tokens) if (familyId === family) canary.add(kind, value)
}

/** Kinds of tokens that Redis tells whoever asks it for everything: keys, values, slow log, clients. */
export async function findLeaksInStore({ sandbox, db }: World): Promise<readonly string[]> {
  const text = await everythingRedisTells(db)
  return Object.entries(tokenMaps(sandbox))
    .filter(([, tokens]) => [...tokens.keys()].some((value) => text.includes(value)))
    .map(([kind]) => `a ${kind} in Redis`)
}
