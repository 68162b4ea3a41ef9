import type { ServiceProcess } from '../../scripts/stack/service-process.ts'
import { fillBareVault } from '../bare-vault.ts'
import type { Effort } from '../effort.ts'
import type { Load, Target } from '../load/load.ts'
import type { Row } from '../table.ts'
import { PORTALS, tokenPath, WITHOUT_LIMITS, type World } from '../world.ts'
import { measureHandOut } from './hand-out.ts'

const VAULT_HANDLER = new URL('../baselines/vault-handler.ts', import.meta.url)
/** Shorter than it takes to ask for all connections once, and longer than Redis ever takes. */
const SHORT_COPY = { KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '100ms' }

/**
 * Ten thousand connections, asked for in turn.
 *
 * At full load each comes round within the second for which a process may keep an opened token, and
 * Redis would be left out of most of it. So the row is measured with that second cut to a tenth:
 * Redis is asked for every hand-out. The second as it is by default has rows of its own.
 */
export async function wideRows(world: World, load: Load, effort: Effort): Promise<readonly Row[]> {
  const { large } = await world.seeded()
  const { key } = await fillBareVault(world.redis.url, large, world.answer)
  const paths = large.map(tokenPath)
  const authorization = world.authorization(PORTALS.large)
  const vault = await world.startBaseline('express + redis + gcm', VAULT_HANDLER, key, paths)
  const asking = await world.startService(SHORT_COPY)
  const targetOf = (name: string, { url, pid }: ServiceProcess): Target => ({
    name,
    url,
    pid,
    paths,
    authorization,
  })
  const service = targetOf('hand-out, wide', asking)
  const copying = targetOf('hand-out, wide, 1 s copy', world.service)
  const free = await world.startService({ ...SHORT_COPY, ...WITHOUT_LIMITS })
  const variants = [copying, targetOf('hand-out, wide, without limits', free)]
  const bounds = { floor: 0.9, goal: 1.5 }
  const rows = await measureHandOut(load, { service, vault, variants }, bounds, effort)
  return [
    ...rows,
    await askedRow(world, load, service, asking),
    await askedRow(world, load, copying, world.service),
  ]
}

/** How often each connection is asked for, to find out. */
const TIMES_ASKED = 3

/** How many of a hundred hand-outs asked Redis whether the token is still the one to give. */
async function askedRow(
  { stack }: World,
  load: Load,
  target: Target,
  { adminUrl }: ServiceProcess,
): Promise<Row> {
  const before = await countVersionCalls(adminUrl, stack.adminToken)
  const { answered } = await load.run(target, { requests: TIMES_ASKED * target.paths.length })
  const asked = (await countVersionCalls(adminUrl, stack.adminToken)) - before
  return { name: `${target.name}: asked redis`, figure: (100 * asked) / answered, unit: '%' }
}

const VERSION_CALLS =
  /^knoxgate_store_operation_duration_seconds_count\{operation="version",outcome="ok"\} (\d+)/m

async function countVersionCalls(adminUrl: string, adminToken: string): Promise<number> {
  const headers = { authorization: `Bearer ${adminToken}` }
  const response = await fetch(`${adminUrl}/metrics`, { headers })
  return Number(VERSION_CALLS.exec(await response.text())?.[1] ?? 0)
}
