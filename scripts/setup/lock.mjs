import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SetupError, say } from './say.mjs'

/** Outside `node_modules`, which an installation removes. */
const FILE = join(dirname(fileURLToPath(import.meta.url)), '../../.knoxgate/setup.lock')
const PATIENCE_MS = 15 * 60_000

/**
 * Runs a task while no other setup of this checkout runs one. The file holds the process id, so that
 * what a killed setup left behind does not stand in the way.
 */
export async function alone(task) {
  const givesUpAt = Date.now() + PATIENCE_MS
  for (let waited = 0; !acquire(); waited += 1) {
    if (waited === 0) say('waiting for another setup …')
    if (Date.now() > givesUpAt) throw new SetupError(`still waiting; if none runs, delete ${FILE}`)
    await sleep(200)
  }
  try {
    return await task()
  } finally {
    rmSync(FILE, { force: true })
  }
}

function acquire() {
  mkdirSync(dirname(FILE), { recursive: true })
  if (create()) return true
  if (!isAbandoned()) return false
  rmSync(FILE, { force: true })
  return create()
}

function create() {
  try {
    writeFileSync(FILE, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAbandoned() {
  try {
    const pid = Number(readFileSync(FILE, 'utf8'))
    if (pid > 0) process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}
