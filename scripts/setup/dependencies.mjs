import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from './lock.mjs'
import { runQuietly, SetupError, say } from './say.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const modules = join(root, 'node_modules')
const stamp = join(modules, '.knoxgate-setup')

/** The Node that comes as a dependency on Linux; first on the PATH of npm scripts. */
export const packagedNode = join(modules, '.bin/node')

/** Installs the dependencies of package-lock.json, unless exactly these are installed already. */
export async function installDependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const wanted = [
    createHash('sha256').update(lock).digest('hex'),
    process.platform,
    process.arch,
  ].join(' ')
  if (readIfThere(stamp) === wanted) return
  await alone(() => {
    if (readIfThere(stamp) === wanted) return
    if (!isInstalled(JSON.parse(lock).packages)) install()
    dropUnusableNode()
    writeFileSync(stamp, wanted)
  })
}

/**
 * Tells whether somebody has run `npm ci` already: npm keeps a list of what it installed. What is not
 * in it may only be optional, and only if it is not plainly made for this platform.
 */
function isInstalled(packages) {
  const list = readIfThere(join(modules, '.package-lock.json'))
  const installed = list === undefined ? {} : JSON.parse(list).packages
  return Object.entries(packages).every(([path, wanted]) => {
    if (path === '') return true
    if (installed[path] !== undefined) return installed[path].version === wanted.version
    return wanted.optional === true && !isForThisPlatform(wanted)
  })
}

/** A package for one C library is left out here: which one this is takes too long to find out. */
const isForThisPlatform = ({ os = [], cpu = [], libc }) =>
  os.includes(process.platform) && cpu.includes(process.arch) && libc === undefined

/** Options on the command line win over whatever npm's variables of an outer npm run say. */
const CI = ['ci', '--ignore-scripts', '--include=dev', '--include=optional']
const PLAIN = ['--global=false', '--dry-run=false', '--no-audit', '--no-fund', '--loglevel=error']

function install() {
  say('installing dependencies …')
  const npm = process.env.npm_execpath ?? ''
  const [command, ...first] = /npm-cli\.[cm]?js$/.test(npm)
    ? [process.env.npm_node_execpath ?? process.execPath, npm]
    : ['npm']
  const done = runQuietly(command, [...first, ...CI, ...PLAIN], { cwd: root })
  if (done) return
  throw new SetupError(
    'npm could not install the dependencies, see above.',
    `Run: npm ${CI.join(' ')}`,
  )
}

/** On a C library that it was not built for, the packaged Node would stand in the way of a good one. */
function dropUnusableNode() {
  if (!existsSync(packagedNode)) return
  if (spawnSync(packagedNode, ['--version']).status !== 0) rmSync(packagedNode)
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
