import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { Unexpected } from './expect.ts'

/** Does one step of the walk, prints how it went; what it returns is the short fact beside it. */
export type Step = (label: string, work: () => Promise<string>) => Promise<void>

/** Writes to standard output: coloured on a terminal (NO_COLOR, FORCE_COLOR), plain elsewhere. */
export const say = (text = ''): void => console.log(text)

/** Colours text if standard output takes colours. */
export const tint = (style: Parameters<typeof styleText>[0], text: string): string =>
  styleText(style, text, { stream: process.stdout })

const LABEL_WIDTH = 34
const MS_WIDTH = 7
/** A step takes a fraction of a second; one that hangs must not hang whoever waits for the demo. */
const LIMIT_SECONDS = 30

/** Creates the printer of steps. A step that fails is printed too, and its error passed on. */
export function createStep(): Step {
  return async (label, work) => {
    const startedAt = performance.now()
    const took = () => `${Math.round(performance.now() - startedAt)} ms`.padStart(MS_WIDTH)
    try {
      const fact = await Promise.race([work(), late(label)])
      say(`${tint('green', '✓')} ${label.padEnd(LABEL_WIDTH)} ${took()}  ${tint('dim', fact)}`)
    } catch (error) {
      say(`${tint('red', '✗')} ${label.padEnd(LABEL_WIDTH)} ${took()}`)
      explain(error)
      throw error
    }
  }
}

async function late(label: string): Promise<never> {
  await sleep(LIMIT_SECONDS * 1000, undefined, { ref: false })
  throw new Unexpected(label, `an end within ${LIMIT_SECONDS} s`, 'none')
}

function explain(error: unknown): void {
  if (!(error instanceof Unexpected)) {
    say(`  ${error instanceof Error ? error.message : 'unknown error'}`)
    return
  }
  say(`  ${error.message}`)
  say(`  expected  ${error.expected}`)
  say(`  got       ${error.got}`)
}
