import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { everythingRedisTells } from '../../test/support/redis-files.ts'
import type { ScenarioContext } from '../scenario.ts'
import type { World } from './world.ts'

/** Samsung's tokens are of these characters, and at least so long. */
const RUNS = /[\w-]{32,}/g

/**
 * Judges that nothing Samsung ever issued, nor the client secret, stands anywhere in Redis or in what the
 * services have written.
 */
export async function judgePlaintext(
  { say, problem }: Pick<ScenarioContext, 'say' | 'problem'>,
  { rig, output }: Pick<World, 'rig' | 'output'>,
): Promise<void> {
  const secrets = secretsOf(rig.sandbox)
  for (const [place, text] of [
    ['Redis', await everythingRedisTells(rig.db)],
    ['the logs', output()],
  ] as const) {
    const found = countFound(text, secrets)
    say(`  ${place}: ${found} of ${secrets.size} secrets found in ${text.length} characters`)
    if (found > 0) problem(`${found} secrets stand in ${place}`)
    if (text.includes(rig.sandbox.registration.client.clientSecret))
      problem(`the client secret stands in ${place}`)
  }
}

/** Tokens as they are; of a JWT, its signature. */
function secretsOf({ state }: Sandbox): ReadonlySet<string> {
  const jwts = [...state.kcsTokens.keys()].map((jwt) => jwt.split('.').at(-1) ?? jwt)
  return new Set([...state.refreshTokens.keys(), ...state.accessTokens.keys(), ...jwts])
}

/** How many of the secrets stand in a text, also within something longer. */
function countFound(text: string, secrets: ReadonlySet<string>): number {
  const lengths = new Set([...secrets].map(({ length }) => length))
  const found = new Set<string>()
  for (const [run] of text.matchAll(RUNS)) {
    for (const length of lengths) {
      for (let at = 0; at + length <= run.length; at++) {
        const piece = run.slice(at, at + length)
        if (secrets.has(piece)) found.add(piece)
      }
    }
  }
  return found.size
}
