import { once } from 'node:events'
import type { Context } from '../context.ts'
import { createActivity, type Target } from '../record.ts'
import type { Settings } from '../settings.ts'
import { applyActions } from './actions.ts'
import { type ControlRequest, readControlRequest } from './control-request.ts'
import { parseFault } from './fault-request.ts'
import type { Fault } from './faults.ts'
import { readRecord, type SandboxRecord } from './read-record.ts'

/** A fault as it is asked for; `times` is 1 when absent. */
type FaultRequest = Omit<Fault, 'times'> & { readonly times?: number }

/** Steers a sandbox, from the same process or over its control routes. */
export interface Control {
  /** Changes settings and does actions, all or nothing. @throws ControlError */
  control(request: ControlRequest): Settings
  /** Queues a scripted fault. @returns Every fault that is still to come. @throws ControlError */
  addFault(fault: FaultRequest): readonly Fault[]
  clearFaults(): void
  /** What happened since the start or the last `clearRecord`, as of now. Holds no token. */
  record(): SandboxRecord
  /** Forgets requests and counts; what the sandbox knows of tokens and families stays. */
  clearRecord(): void
  /** Resolves when the next request to a target has arrived, before anything is done about it. */
  arrival(on: Target): Promise<void>
  /**
   * Resolves when the next request to a target was acted on and is in the record; passes over
   * requests in whose place a fault answers or cuts. Only with `delay_after_effect` is it certain
   * that no byte of the answer was sent yet.
   */
  effect(on: Target): Promise<void>
}

/** Makes the controls of a sandbox; every value is checked, whoever calls. */
export function createControl(ctx: Context): Control {
  const { state, now } = ctx
  return {
    control(request) {
      const { settings, actions } = readControlRequest(
        request,
        state.settings,
        state.initialSettings,
      )
      state.settings = settings
      applyActions(state, actions, now())
      return settings
    },
    addFault(fault) {
      state.faults.push(parseFault(fault))
      return [...state.faults]
    },
    clearFaults() {
      state.faults.length = 0
    },
    record: () => readRecord(ctx),
    clearRecord() {
      state.activity = createActivity()
    },
    async arrival(on) {
      await once(state.arrivals, on)
    },
    async effect(on) {
      await once(state.effects, on)
    },
  }
}
