import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Secret } from '../../src/shared/secret.ts'
import { parseKeysJson } from '../../src/signing/keys-json.ts'
import { accessTokenClaims, newJti } from '../../src/signing/knox-claims.ts'
import { createSigner } from '../../src/signing/signer.ts'
import type { Effort } from '../effort.ts'
import { median } from '../rounds.ts'
import type { Row } from '../table.ts'
import type { World } from '../world.ts'

/** JWTs signed at the same time, where they are not signed one after another. */
const IN_FLIGHT = 8
/** A token of Knox as long as those of the sandbox. */
const KCS_TOKEN = 'x'.repeat(600)

/** One way of signing: how many JWTs, or bare signatures, a second. */
type Way = (seconds: number) => Promise<number>

/** Signs with one key in every way, in turn. The key has 2048 bits, the algorithm is RS512. */
export async function signingRows(world: World, { signing }: Effort): Promise<readonly Row[]> {
  const file = join(world.stack.env.CONFIG_DIR ?? '', 'keys', 'sandbox.json')
  const cores = availableParallelism()
  const figures = await measureAll(signing, {
    ours: wayOfOurs(file, 1),
    oursTogether: wayOfOurs(file, IN_FLIGHT),
    library: wayOfLibrary(file),
    openssl: wayOfOpenssl([]),
    opensslTogether: wayOfOpenssl(['-multi', `${cores}`]),
  })
  const { ours, oursTogether, library, openssl, opensslTogether } = figures
  return [
    row('signing, one after another', ours, 'openssl speed rsa2048', openssl, 0.9),
    row('signing, one after another', ours, 'knox-token-library-js', library, 1),
    row(
      `signing, ${IN_FLIGHT} at a time`,
      oursTogether,
      `openssl speed -multi ${cores}`,
      opensslTogether,
      0.9,
    ),
  ]
}

const row = (name: string, figure: number, against: string, other: number, goal: number): Row => ({
  name,
  figure,
  unit: 'JWT/s',
  baseline: { name: against, figure: other },
  ratio: figure / other,
  goal,
})

/** The median of each way over rounds in which all have their turn. */
async function measureAll<Name extends string>(
  { rounds, seconds }: Effort['signing'],
  ways: Readonly<Record<Name, Way>>,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(ways) as Name[]
  const figures = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const name of names) figures.get(name)?.push(await ways[name](seconds))
  const medians = names.map((name) => [name, median(figures.get(name) ?? [])])
  // Every name of `ways` has its entry, and nothing else has.
  return Object.fromEntries(medians) as Record<Name, number>
}

/** Our signer as the service uses it: claims with a fresh `jti`, then the signature. */
function wayOfOurs(file: string, inFlight: number): Way {
  const keys = parseKeysJson(readFileSync(file, 'utf8'), { allowLegacyRsa: false })
  const signer = createSigner(keys)
  const accessToken = new Secret(KCS_TOKEN)
  const signOne = () => {
    const common = { publicKey: keys.publicKeySpki, issuedAt: Date.now(), jti: newJti() }
    return signer.sign(accessTokenClaims({ ...common, accessToken }))
  }
  return (seconds) =>
    perSecond(seconds, async () => {
      await Promise.all(Array.from({ length: inFlight }, signOne))
      return inFlight
    })
}

/** Samsung's own library: reads the file and its keys for every JWT, on the calling thread. */
function wayOfLibrary(file: string): Way {
  const require = createRequire(import.meta.url)
  // It has no types of its own; the name and the parameters are those of its README.
  const library = require('knox-token-library-js') as {
    generateSignedAccessTokenJWT(keysFile: string, accessToken: string): string
  }
  return (seconds) =>
    perSecond(seconds, async () => {
      library.generateSignedAccessTokenJWT(file, KCS_TOKEN)
      return 1
    })
}

/** What OpenSSL says of itself; NaN where there is none. */
function wayOfOpenssl(options: readonly string[]): Way {
  return async (seconds) => {
    // Whole seconds is all it takes.
    const args = ['speed', '-seconds', `${Math.ceil(seconds)}`, ...options, 'rsa2048']
    try {
      const { stdout } = await promisify(execFile)('openssl', args)
      // rsa 2048 bits 0.000555s 0.000016s   1801.2  61234.5
      return Number(/^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)/m.exec(stdout)?.[1])
    } catch {
      return Number.NaN
    }
  }
}

async function perSecond(seconds: number, work: () => Promise<number>): Promise<number> {
  const startedAt = performance.now()
  let done = 0
  let elapsed = 0
  while (elapsed < seconds) {
    done += await work()
    elapsed = (performance.now() - startedAt) / 1000
  }
  return done / elapsed
}
