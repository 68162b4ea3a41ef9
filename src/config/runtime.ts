import type { EpochMs } from '../shared/time.ts'
import type { Report } from './problems.ts'

/*
 * Which Node may run the service. Imports nothing that runs: the entry file asks here before it loads anything else.
 */

/** The Node that runs this process. */
export interface Runtime {
  /** As `process.versions.node`. */
  readonly version: string
  readonly now: EpochMs
}

/** As `engines` in package.json: older ones lack what the service and its packages are made of. */
const OLDEST = { major: 22, minor: 19 } as const

/** The end of each line of long-term support, at midnight (github.com/nodejs/Release, schedule.json). */
const ENDS: ReadonlyMap<number, string> = new Map([
  [22, '2027-04-30'],
  [24, '2028-04-30'],
])

/** Lines without long-term support that are past their end. */
const SHORT_LIVED: readonly number[] = [23, 25]

const REMEDY = 'install Node 24 LTS from https://nodejs.org/en/download'

const numbersOf = (version: string) => {
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map(Number)
  return { major, minor }
}

/** Why this Node cannot run the service, and what to do; null when it can. */
export function tooOldToRun(version: string): string | null {
  const { major, minor } = numbersOf(version)
  const isRecent = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)
  const oldest = `${OLDEST.major}.${OLDEST.minor}`
  return isRecent ? null : `must be ${oldest} or later, and this is Node ${version}: ${REMEDY}`
}

/**
 * Reports a Node that must not run the service, and warns of one that should not.
 *
 * What is refused depends on the version alone. A line that ends while this version of the service is in
 * use is warned of: a date must not keep a service from starting again.
 */
export function checkRuntime(
  { version, now }: Runtime,
  { strict, report, warn }: { strict: boolean; report: Report; warn: (warning: string) => void },
): void {
  const { major } = numbersOf(version)
  const tooOld = tooOldToRun(version)
  const end = ENDS.get(major)
  if (tooOld !== null) report({ source: 'Node', rule: tooOld })
  else if (SHORT_LIVED.includes(major)) {
    const rule = `must not be ${version}: its line has ended, and gets no security fixes; ${REMEDY}`
    if (strict) report({ source: 'Node', rule })
    else warn(`Node ${rule}`)
  } else if (end !== undefined && now >= Date.parse(end))
    warn(`Node ${version} gets no security fixes since ${end}: install a newer line of Node`)
}
