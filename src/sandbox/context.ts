import type { Registration } from './registration.ts'
import type { EpochMs, State } from './state.ts'

/** What every part of the sandbox is given. */
export interface Context {
  /** Origin under which browsers and portals reach the sandbox. */
  readonly url: string
  readonly registration: Registration
  readonly state: State
  /** The sandbox's time: the clock it was given plus the offset that control may set. */
  readonly now: () => EpochMs
}
