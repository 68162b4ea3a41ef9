import { eventsNamed } from '../load/events.ts'
import type { ScenarioContext } from '../scenario.ts'
import { defectsIn, type FuzzResult } from './run.ts'
import type { FuzzWorld, SelfReport } from './world.ts'

type Voice = Pick<ScenarioContext, 'say' | 'problem'>

/**
 * What memory may grow by between the end of the first quarter and the end of the last. In use is what is
 * left after two full collections, so that nothing but what is kept counts: caches and code. A leak of the
 * smallest object at every request is more than this for a request. What is resident also holds what the
 * allocator has not given back, and swings.
 */
const TOLERANCE = { bytesARequest: 128, leastMb: 4, residentMb: 32 } as const
const MB = 1_048_576
/** With fewer requests the first quarter is warming up. */
const LEAST_TO_JUDGE = 20_000
/** Whatever was asked for, the service must have had to do with it: not only refuse bytes. */
const LEAST_SUCCESSES = 0.1

/** Says what was seen, and what of it is wrong. */
export async function judgeFuzz(voice: Voice, world: FuzzWorld, result: FuzzResult): Promise<void> {
  const { say, problem } = voice
  const { requests, exchanges, statuses, codes, problems, slowestMs } = result
  say(
    `  ${requests} requests on ${exchanges} connections; slowest exchange ${slowestMs.toFixed(0)} ms`,
  )
  say(`  answers: ${listed(statuses)}`)
  say(`  codes: ${listed(codes)}`)
  for (const [what, { count, example }] of problems)
    problem(`${what}; ${count} times, first at ${example}`)
  const answered = [...statuses.values()].reduce((sum, one) => sum + one, 0)
  const good = [...statuses].reduce((sum, [status, n]) => sum + (status < 400 ? n : 0), 0)
  if (good < LEAST_SUCCESSES * answered) problem(`only ${good} of ${answered} answers were good`)
  judgeMemory(voice, result)
  await judgeProcess(voice, world)
  await judgeConnections(voice, world)
}

const listed = (counts: ReadonlyMap<unknown, number>): string =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${what} ×${count}`)
    .join(', ')

function judgeMemory({ say, problem }: Voice, { reports, requests }: FuzzResult): void {
  // The first report is from before the first request.
  const [, early] = reports
  const late = reports.at(-1)
  if (early === undefined || late === undefined) return
  const grown = (of: (report: SelfReport) => number) => of(late) - of(early)
  const inUse = grown(({ inUseMb }) => inUseMb)
  const resident = grown(({ rssMb }) => rssMb)
  say(
    `  memory from the first quarter to the last: in use ${early.inUseMb.toFixed(1)} to ${late.inUseMb.toFixed(1)} MB, ` +
      `resident ${early.rssMb.toFixed(0)} to ${late.rssMb.toFixed(0)} MB`,
  )
  if (requests < LEAST_TO_JUDGE) say('  too few requests to judge memory')
  else if (inUse > mostInUse(requests)) problem(`memory in use grew by ${inUse.toFixed(1)} MB`)
  else if (resident > TOLERANCE.residentMb)
    problem(`resident memory grew by ${resident.toFixed(0)} MB`)
  if (reports.some(({ prototypes }) => prototypes !== 'as before'))
    problem('a prototype was changed in the service')
}

/** Three quarters of the requests come after the first report that counts. */
const mostInUse = (requests: number): number =>
  Math.max(TOLERANCE.leastMb, (requests * 0.75 * TOLERANCE.bytesARequest) / MB)

/** It is the process that was started, it lives, and it has met no defect. */
async function judgeProcess({ problem }: Voice, { rig }: FuzzWorld): Promise<void> {
  const [service] = rig.stack.services
  if (service === undefined) throw new Error('there is no service')
  if (!isRunning(service.pid)) return problem('the process has ended')
  const live = await fetch(`${service.url}/livez`)
  if (live.status !== 200) problem(`/livez answers ${live.status}`)
  const defects = defectsIn(service.output())
  if (defects.length > 0) problem(`${defects.length} defects in the log, first ${defects[0]}`)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Told to stop, it ends with nothing cut off: no connection and no work was left behind. */
export async function judgeStop({ problem }: Voice, { rig }: FuzzWorld): Promise<void> {
  const [service] = rig.stack.services
  const code = await service?.stop()
  const reasons = eventsNamed(service?.output() ?? '', 'stopped').map(({ reason }) => reason)
  if (code !== 0 || reasons.join() !== 'drained')
    problem(`told to stop, it ended with ${code}: ${reasons.join() || 'killed'}`)
}

/** Connections that no request named are untouched, those of another portal too, and new ones are made. */
async function judgeConnections({ say, problem }: Voice, world: FuzzWorld): Promise<void> {
  const { rig, witnesses, foreign, callOther } = world
  for (const id of witnesses) {
    const { status, body } = await rig.token(id)
    if (status !== 200) problem(`a connection that nobody named: ${status} ${body?.code}`)
  }
  for (const id of foreign) {
    const { status, body } = await callOther('POST', `/v1/connections/${id}/token`)
    if (status !== 200) problem(`another portal's connection: ${status} ${body?.code}`)
  }
  const { status } = await rig.token(await rig.connect('afterwards'))
  if (status !== 200) problem(`a new connection's token: ${status}`)
  say(`  afterwards: ${witnesses.length + foreign.length} connections and a new one give tokens`)
}
