import { Command } from 'commander'
import { ConfigError } from '../config/problems.ts'
import { readStoreConfig, type StoreConfig } from '../config/read-config.ts'
import { createLog } from '../shared/log.ts'
import type { KeyRing } from '../vault/envelope.ts'
import { createEnvelope } from '../vault/envelope-keys.ts'
import { readSentinel } from '../vault/envelope-sentinel.ts'
import { takeKeyInventory } from '../vault/key-inventory.ts'
import { createKeyRing } from '../vault/key-ring.ts'
import { createRecordCheck, type RecordCheck } from '../vault/record-check.ts'
import { rewrap } from '../vault/rewrap.ts'
import type { Store } from '../vault/store.ts'
import { createRedisStore } from '../vault/store-redis.ts'
import { type CommandTrail, openCommandTrail } from './command-trail.ts'
import { CommandFailed, type Io, UsageError } from './io.ts'
import { type Report, reportRewrap, reportStatus, reportVerify } from './vault-report.ts'

/** `vault`: which key opens what, and the way from one key to the next. */
export function vaultCommand(io: Io): Command {
  const command = new Command('vault').description('keys that stored records are sealed with')
  const json = ['--json', 'print one JSON object'] as const
  command
    .command('status')
    .description('count the records that need each key, and say which key can be dropped')
    .option(...json)
    .action((options: Options) => withVault(io, (vault) => status(vault, options, io)))
  command
    .command('rewrap')
    .description(
      'wrap the data keys of all connections with the first key, beside running services',
    )
    .option('--per-second <n>', 'connections per second, 1 to 10000', '500')
    .option(...json)
    .action((options: RewrapOptions) => {
      const perSecond = readRate(options.perSecond)
      return withVault(io, (vault) => rewrapAll(vault, perSecond, options, io))
    })
  command
    .command('verify')
    .description('open every record and everything sealed in connections; changes nothing')
    .option(...json)
    .action((options: Options) => withVault(io, (vault) => verify(vault, options, io)))
  for (const each of command.commands)
    each.addHelpText(
      'after',
      '\nNeeds REDIS_URL, VAULT_KEYS and the settings; no programs, no portals.',
    )
  return command
}

interface Options {
  readonly json?: boolean
}

interface RewrapOptions extends Options {
  readonly perSecond: string
}

interface Vault {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly check: RecordCheck
  readonly settings: StoreConfig['store']
  readonly trail: CommandTrail
}

/** Longer than a service waits for the store: nobody waits for an answer here. */
const STORE_TIMEOUT_MS = 5000
const NO_CACHE = { cacheMs: 1, maxEntries: 1 }

async function withVault(io: Io, act: (vault: Vault) => Promise<void>): Promise<void> {
  const config = readStoreConfig(io.env)
  const { redisUrl: url, vaultKeys, store: settings } = config
  const { replicas, replicaTimeoutMs } = settings
  const keyRing = createKeyRing(vaultKeys)
  const store = await createRedisStore({
    url,
    startTimeoutMs: STORE_TIMEOUT_MS,
    timeoutMs: Math.max(STORE_TIMEOUT_MS, settings.timeoutMs),
    ...(replicas === 0 ? {} : { replication: { replicas, timeoutMs: replicaTimeoutMs } }),
    // Why it is away: not reachable, or a right that its user lacks.
    log: createLog('warn', { write: io.err }),
  })
  const envelope = createEnvelope({ keyRing, ...NO_CACHE, clock: io.clock })
  const check = createRecordCheck(envelope, keyRing.kids())
  const trail = openCommandTrail(config, io)
  try {
    await act({ store, keyRing, check, settings, trail })
  } finally {
    await trail.close()
    await store.close()
  }
}

async function status({ store, keyRing, check }: Vault, { json }: Options, io: Io): Promise<void> {
  const { fits, kids } = await readSentinel(store, keyRing)
  const inventory = await takeKeyInventory({ store, keyRing, check: check.keyOf, alsoKids: kids })
  print(reportStatus(inventory, fits), json, io)
  if (inventory.unreadable.length > 0 || !fits) throw new CommandFailed()
}

async function verify({ store, keyRing, check }: Vault, { json }: Options, io: Io): Promise<void> {
  const inventory = await takeKeyInventory({ store, keyRing, check: check.allOf })
  print(reportVerify(inventory), json, io)
  if (inventory.unreadable.length > 0) throw new CommandFailed()
}

function readRate(text: string): number {
  const perSecond = Number(text)
  if (/^\d{1,5}$/.test(text) && perSecond >= 1 && perSecond <= 10_000) return perSecond
  throw new UsageError('--per-second must be a whole number from 1 to 10000')
}

async function rewrapAll(
  { store, keyRing, check, settings, trail }: Vault,
  perSecond: number,
  { json }: Options,
  io: Io,
): Promise<void> {
  await assertRolledOut(store, keyRing)
  const about = { event: 'vault_keys_rewrapped', subject: keyRing.activeKid } as const
  await trail.record({ ...about, outcome: 'started' })
  const result = await rewrap({
    store,
    keyRing,
    check: check.keyOf,
    perSecond,
    durable: settings.replicas > 0,
    clock: io.clock,
    onProgress: createProgress(io),
    onWait: () => io.err('the store is away; waiting for it\n'),
  })
  await trail.record({ ...about, count: result.rewrapped })
  print(reportRewrap(result, keyRing.activeKid), json, io)
  const { outdated, unreadable } = result.inventory
  if (outdated.length > 0 || unreadable.length > 0) throw new CommandFailed()
}

const print = ({ json, text }: Report, asJson: boolean | undefined, { out }: Io): void =>
  out(asJson === true ? `${JSON.stringify(json)}\n` : text)

/**
 * What is wrapped here must be opened by the services. One that has started with this key as its first has
 * proved that it has it; that all have is for the operator to know.
 */
async function assertRolledOut(store: Store, keyRing: KeyRing): Promise<void> {
  const { fits, kids } = await readSentinel(store, keyRing)
  const rule = fits
    ? `no service has started with ${keyRing.activeKid} as its first key: roll it out before`
    : 'these keys are not those that the stored records were wrapped with'
  if (!fits || !kids.includes(keyRing.activeKid))
    throw new ConfigError([{ source: 'VAULT_KEYS', rule }])
}

/** One line a second at most, and one at the end. */
function createProgress({ err, clock }: Io) {
  let toldAt = Number.NEGATIVE_INFINITY
  return (done: number, found: number): void => {
    if (clock() - toldAt < 1000 && done < found) return
    toldAt = clock()
    err(`${done} of ${found} connections looked at\n`)
  }
}
