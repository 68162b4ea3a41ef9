import { tooOldToRun } from './config/runtime.ts'

/*
 * Asks before anything else is loaded: on a Node that is too old, what the service is made of ends with an error
 * that tells nobody what to do.
 */

/** sysexits.h: EX_CONFIG */
const EXIT_CONFIG = 78

const tooOld = tooOldToRun(process.versions.node)
if (tooOld === null) await import('./serve.ts')
else {
  process.stderr.write(`configuration is not valid: 1 problem\n  Node: ${tooOld}\n`)
  process.exit(EXIT_CONFIG)
}
