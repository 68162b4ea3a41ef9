/**
 * Sets up what an npm script needs: `node scripts/setup.mjs [--for-tests]`.
 *
 * Runs before every npm script (`pre…`), so it is quick and silent when nothing is to do. It has to run
 * on a bare clone, on the oldest Node that a system brings along: no dependencies, no TypeScript, and
 * nothing on standard output, which belongs to the script that follows.
 */
import { existsSync } from 'node:fs'
import { installDependencies, packagedNode } from './setup/dependencies.mjs'
import { SetupError } from './setup/say.mjs'
import { installTestTools } from './setup/test-tools.mjs'

/** As `engines` in package.json: from here on Node runs TypeScript as it is. */
const OLDEST_NODE = [22, 19]

/** npm scripts find Node 24 in `node_modules/.bin`; where none could be installed, the system's serves. */
function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  if (recent || existsSync(packagedNode)) return
  throw new SetupError(
    `this is Node ${process.versions.node}, and knoxgate needs ${OLDEST_NODE.join('.')} or later.`,
    'Install Node 24 LTS from https://nodejs.org/en/download, then run the same command again.',
  )
}

try {
  await installDependencies()
  requireNode()
  if (process.argv.includes('--for-tests')) await installTestTools()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
