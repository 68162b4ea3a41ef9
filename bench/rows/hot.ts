import type { ServiceProcess } from '../../scripts/stack/service-process.ts'
import { fillBareVault } from '../bare-vault.ts'
import type { Effort } from '../effort.ts'
import type { Load } from '../load/load.ts'
import type { Row } from '../table.ts'
import { PORTALS, tokenPath, WITHOUT_LIMITS, type World } from '../world.ts'
import { measureHandOut } from './hand-out.ts'

const VAULT_HANDLER = new URL('../baselines/vault-handler.ts', import.meta.url)
const JSON_HANDLER = new URL('../baselines/json-handler.ts', import.meta.url)

/** One connection that everybody asks for; the service as it is configured by default. */
export async function hotRows(world: World, load: Load, effort: Effort): Promise<readonly Row[]> {
  const { service, connectionId, answer, redis } = world
  const paths = [tokenPath(connectionId)]
  const { key } = await fillBareVault(redis.url, [connectionId], answer)
  const authorization = world.authorization(PORTALS.hot)
  const vault = await world.startBaseline('express + redis + gcm', VAULT_HANDLER, key, paths)
  const json = await world.startBaseline('express + json', JSON_HANDLER, key, paths)
  const free = await world.startService(WITHOUT_LIMITS)
  const targetOf = (name: string, { url, pid }: ServiceProcess) => ({
    name,
    url,
    pid,
    paths,
    authorization,
  })
  return measureHandOut(
    load,
    {
      service: targetOf('hand-out, hot', service),
      vault,
      json,
      variants: [targetOf('hand-out, hot, without limits', free)],
    },
    { floor: 1.5, goal: 2.5 },
    effort,
  )
}
