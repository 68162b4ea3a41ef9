import { newSecretValue } from '../shared/ids.ts'
import type { Documents } from '../vault/documents.ts'
import type { Envelope } from '../vault/envelope.ts'
import type { CallbackHandover } from './session-record.ts'

export interface CallbackKeeper {
  /** Seals and keeps posted parameters for two minutes; returns a one-time handle. */
  keep(parameters: string): Promise<string>
  /** Takes them, once; null for a handle that is unknown, too old or used. */
  take(handle: string): Promise<string | null>
}

export interface CallbackKeeperDeps {
  readonly handovers: Documents<CallbackHandover>
  readonly envelope: Envelope
}

const FIELD = { binding: '-', field: 'callback_parameters', generation: 0 } as const

/** Creates the keeper of callbacks that came by POST. */
export function createCallbackKeeper({ handovers, envelope }: CallbackKeeperDeps): CallbackKeeper {
  return {
    async keep(parameters) {
      const handle = newSecretValue()
      const id = `cb_${handle}`
      const { wrapped, dataKey } = await envelope.create(id)
      const sealed = dataKey.seal(FIELD, parameters)
      const record = { format: 1, type: 'callback', taken: false, dataKey: wrapped } as const
      await handovers.create(id, { ...record, parameters: sealed })
      return handle
    },

    async take(handle) {
      if (!/^[\w-]{43}$/.test(handle)) return null
      const id = `cb_${handle}`
      let sealed: CallbackHandover | undefined
      await handovers.update(id, (record) => {
        sealed = record.taken ? undefined : record
        return record.taken ? null : { ...record, taken: true, parameters: '' }
      })
      if (sealed === undefined) return null
      return (await envelope.open(id, sealed.dataKey)).open(FIELD, sealed.parameters)
    },
  }
}
