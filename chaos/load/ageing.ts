import { setTimeout as wait } from 'node:timers/promises'
import { documentKey } from '../../src/vault/store.ts'
import { eventually } from '../../test/support/eventually.ts'
import { type Ageing, age } from '../../test/support/stored-connection.ts'
import type { Tenant } from './truth.ts'
import type { World } from './world.ts'

/** So long without a write means that nothing is under way. */
const QUIET_MS = 500
/** For so long a process may hand out what it has without asking: it has not seen that time passed. */
const LOCAL_COPY_MS = 1_000

/** Lets time pass for some connections, once nobody writes any more; every process sees it after. */
export async function ageAll(
  world: World,
  tenants: readonly Tenant[],
  ageing: Ageing,
): Promise<void> {
  await quiet(world)
  for (const { id } of tenants) await age(world.rig.db, id, ageing)
  await wait(LOCAL_COPY_MS)
}

/** Resolves when no connection is being written any more. @throws Error when that does not end */
export async function quiet({ rig, tenants }: World): Promise<void> {
  const revisions = async () => {
    const read = tenants.map(({ id }) => rig.db.hget(documentKey(id), 'revision'))
    return (await Promise.all(read)).join()
  }
  let before = await revisions()
  await eventually(async () => {
    await wait(QUIET_MS)
    const now = await revisions()
    const same = now === before
    before = now
    return same
  })
}
