import { parseArgs } from 'node:util'
import { type Demo, startDemo } from './demo/start.ts'
import { stayingText } from './demo/staying-text.ts'
import { createStep, say, tint } from './demo/steps.ts'
import { walk } from './demo/walk.ts'

const HELP = `Starts a sandbox of Samsung, knoxgate with its store in memory, and the example portal, and
walks the whole job over HTTP: consent, tokens, expiry, renewal, missing trust, revocation,
reconnection.

npm run demo              then stays up, with pages to click; Ctrl-C stops it
npm run demo -- --once    then stops; exits 0, or 1 when a step failed
npm run demo -- --help    says this`

/** Lines of a log that are shown when something failed. */
const TAIL_LINES = 15

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

let demo: Demo | undefined
let exiting = false
/** Somebody who stops a demo that stays up has got what they wanted. */
let staysUp = false

/** Stops everything that was started. Children that do not listen die with this process. */
async function exit(code: number): Promise<void> {
  if (exiting) return
  exiting = true
  await demo?.stop().catch(() => {})
  if (staysUp && code === 0) say('Stopped.')
  process.exit(code)
}

function readFlags() {
  const options = { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : 'unknown option'}\n\n${HELP}`)
    process.exit(2)
  }
}

async function run(once: boolean): Promise<void> {
  const startedAt = performance.now()
  const step = createStep()
  say(tint('bold', 'knoxgate: from consent to a Knox call, and what can happen to it'))
  say()
  await step('started', async () => {
    demo = await startDemo()
    const at = ({ url }: { readonly url: string }) => new URL(url).port
    const { sandbox, stack, portal } = demo
    return `sandbox :${at(sandbox)}, knoxgate :${at(stack)}, example portal :${at(portal)}`
  })
  if (demo === undefined) return
  await walk(demo, step)
  say()
  say(`The whole job in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
  if (once) return exit(0)
  staysUp = true
  say(stayingText(demo))
  const died = (name: string) => () => failed(new Error(`${name} has ended`))
  void demo.portal.ended.then(died('the example portal'))
  for (const service of demo.stack.services) void service.ended.then(died('knoxgate'))
}

/** The step has said what was wrong; the logs may say why. */
async function failed(error: unknown): Promise<void> {
  if (exiting) return
  tail('knoxgate', demo?.stack.services.map((service) => service.output()).join(''))
  tail('the example portal', demo?.portal.output())
  if (staysUp) say(String(error))
  await exit(1)
}

function tail(name: string, log: string | undefined): void {
  const lines = log?.trimEnd().split('\n').slice(-TAIL_LINES) ?? []
  if (lines.join('') === '') return
  say()
  say(tint('bold', `the last lines of ${name}`))
  for (const line of lines) say(`  ${line}`)
}

/** npm passes SIGTERM to the shell that runs the script; the shell dies of it and tells nobody. */
function watchShell(): void {
  const shell = process.ppid
  const look = () => process.ppid !== shell && void exit(staysUp ? 0 : EXIT_CODES.SIGTERM)
  if (process.env.npm_lifecycle_event !== undefined) setInterval(look, 250).unref()
}

const flags = readFlags()
if (flags.help === true) {
  say(HELP)
} else {
  for (const [signal, code] of Object.entries(EXIT_CODES))
    process.on(signal, () => void exit(staysUp ? 0 : code))
  // Whoever reads the output may leave (`| head`).
  process.stdout.on('error', () => void exit(1))
  watchShell()
  run(flags.once === true).catch(failed)
}
