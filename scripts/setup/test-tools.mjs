import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { alone } from './lock.mjs'
import { runQuietly, SetupError, say } from './say.mjs'

/** What the tests need beside npm packages, and the Debian packages that bring it. */
const TOOLS = [
  { name: 'redis-server', packages: ['redis-server'], isThere: () => isOnPath('redis-server') },
  { name: 'Chromium', packages: ['chromium', 'fonts-dejavu-core'], isThere: isChromiumThere },
]

const INSTALL = ['install', '-y', '--no-install-recommends']
const PATIENT = ['-o', 'DPkg::Lock::Timeout=300']

/** Makes sure that redis-server and Chromium are there: installs them as root on Debian, or says how. */
export async function installTestTools() {
  if (missingTools().length === 0) return
  const isRoot = process.getuid?.() === 0
  if (isRoot && isOnPath('apt-get')) await alone(aptInstall)
  const missing = missingTools()
  if (missing.length > 0) throw new SetupError(...instructions(missing))
}

const missingTools = () => TOOLS.filter(({ isThere }) => !isThere())
const namesOf = (tools) => tools.map(({ name }) => name).join(' and ')
const packagesOf = (tools) => tools.flatMap(({ packages }) => packages)

function aptInstall() {
  const missing = missingTools()
  if (missing.length === 0) return
  say(`installing ${namesOf(missing)} for the tests …`)
  // At runlevel 1 the package does not start its own Redis: the tests start theirs.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  runQuietly('apt-get', ['update'], { env }) &&
    runQuietly('apt-get', [...PATIENT, ...INSTALL, ...packagesOf(missing)], { env })
}

function instructions(missing) {
  const packages = packagesOf(missing).join(' ')
  const how = isOnPath('apt-get')
    ? ['As root, run:', `  apt-get update && apt-get ${INSTALL.join(' ')} ${packages}`]
    : [`Install with the package manager of this system: ${packages}`]
  return [
    `the tests need ${namesOf(missing)}, which this machine lacks.`,
    ...how,
    'Then run the same command again. For a Chromium elsewhere, set CHROMIUM_PATH to its path.',
  ]
}

function isChromiumThere() {
  const { CHROMIUM_PATH } = process.env
  if (CHROMIUM_PATH) return isExecutable(CHROMIUM_PATH)
  return ['chromium', 'chromium-browser', 'google-chrome'].some(isOnPath)
}

const isOnPath = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => isExecutable(join(directory, name)))

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
